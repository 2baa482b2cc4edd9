"""The table of tasks: the page gives the frame and what the script needs; the rows come from ``tasks.get_all_ex``."""

from __future__ import annotations

from typing import Any

from trackyard.core.errors import ApiError
from trackyard.core.panels import Page
from trackyard.ui.calls import Data, attempt, project_crumbs


async def all_tasks(page: Page) -> dict[str, Any]:
    """Context of the table of all tasks."""
    return {"title": "Tasks", "project": None, "data": await _data(page, None), "crumbs": [{"title": "Tasks"}]}


async def project_tasks(page: Page) -> dict[str, Any]:
    """Context of the table of a project's tasks; ``*`` stands for all projects."""
    if page.params["project"] == "*":
        return await all_tasks(page)
    project = await read_project(page)
    return {
        "title": project["name"],
        "section": "projects",
        "project": project,
        "data": await _data(page, project),
        "crumbs": await project_crumbs(page, project),
    }


async def read_project(page: Page) -> Data:
    """The project of the page's path; raises `ApiError` 404 when there is none that the user may see."""
    body = {"id": [page.params["project"]], "search_hidden": True, "include_stats": True, "check_own_contents": True}
    projects = (await page.call("projects.get_all_ex", body)).get("projects", [])
    if not projects:
        raise ApiError(404, 401, "There is no such project", id=page.params["project"])
    project: Data = projects[0]
    return project


async def _data(page: Page, project: Data | None) -> Data:
    found = await attempt(page, "users.get_preferences", {})
    own = found.get("preferences", {}).get("trackyard", {})
    return {"project": project and {"id": project["id"], "name": project["name"]}, "user": page.identity.user, "preferences": own}
