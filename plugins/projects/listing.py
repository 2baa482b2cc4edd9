"""Lists of projects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session
from trackyard.core import query
from trackyard.core.entities import PROJECT, TASK, Kind
from trackyard.core.protocol.endpoint import Call
from trackyard.core.query import project_tree
from trackyard.core.store import Document
from trackyard.plugins.projects.requests import ProjectsQuery, ProjectsQueryEx
from trackyard.plugins.projects.statistics import describe

CHILDREN: dict[str, tuple[Kind, Document]] = {
    "dataset": (PROJECT, {"system_tags": ["dataset"]}),
    "pipeline": (PROJECT, {"system_tags": ["pipeline"]}),
    "report": (TASK, {"type": ["report"]}),
}
"""By type of children: what is looked for below a project."""


async def get_all(call: Call, request: ProjectsQuery) -> Document:
    """Read projects."""
    result = await query.page(call.metadata, PROJECT, call.body, call.identity, extra=_extra(request))
    _mark_hidden(request, result.items)
    return result.answer("projects")


async def get_all_ex(call: Call, request: ProjectsQueryEx) -> Document:
    """Read projects, with references and with what is known of their contents."""
    where = await call.metadata.read(lambda session: holding(session, call, request)) if _asks_contents(request) else []
    result = await query.page(call.metadata, PROJECT, call.body, call.identity, expand=True, extra=_extra(request), where=where)
    _mark_hidden(request, result.items)
    if result.items and (request.include_stats or request.check_own_contents or request.include_dataset_stats):
        await call.metadata.read(lambda session: describe(session, call.identity, request, result.items))
    return result.answer("projects")


def _extra(request: ProjectsQuery) -> Sequence[str]:
    return ("system_tags",) if request.search_hidden else ()


def _mark_hidden(request: ProjectsQuery, projects: list[Document]) -> None:
    for project in projects:
        if request.search_hidden and "hidden" in project["system_tags"]:
            project["hidden"] = True


def _asks_contents(request: ProjectsQueryEx) -> bool:
    return bool(request.active_users or request.children_type)


def holding(session: Session, call: Call, request: ProjectsQueryEx) -> list[ColumnElement[bool]]:
    """The conditions for projects that hold, in them or below, what the request asks for."""
    found = []
    if request.active_users:
        found.append(project_tree.of_users(session, request.active_users, call.identity))
    if request.children_type:
        kind, of_type = CHILDREN[request.children_type]
        body = {**of_type, **_tags(request), "search_hidden": True}
        found.append(project_tree.above(project_tree.places(session, kind, body, call.identity)))
    return found


def _tags(request: ProjectsQueryEx) -> dict[str, Any]:
    wanted: dict[str, Any] = {"tags": request.children_tags} if request.children_tags else {}
    return wanted | ({"filters": {"tags": request.children_tags_filter}} if request.children_tags_filter else {})
