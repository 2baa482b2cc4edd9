"""The search over everything: tasks, projects, models, datasets, pipelines, reports."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import urlencode

from trackyard.core.hookspecs import hookimpl
from trackyard.core.panels import Page, Panel, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.ui.calls import Data, attempt

SHOWN = 20
"""Hits of each kind on the page of all kinds."""
PAGE_SIZE = 50
"""Hits on a page of one kind."""
COMMON = ["name", "tags", "last_update"]
TASK = [*COMMON, "status", "project.name", "type"]
HIDDEN = ["__$not", "archived"]


class SearchPlugin(Plugin):
    """The search over everything."""

    name = "ui-search"
    summary = "Search over tasks, projects, models, datasets, pipelines and reports"
    needs = ("ui",)

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The page ``/search?q=…&tab=…&page=…``."""
        return [Panel(PanelKind.PAGE, "search", "Search", search, "search.html", "/search")]


def kinds(pattern: str) -> dict[str, tuple[str, str, str, Data]]:
    """By name: title, endpoint, key of its reply, and the query of each kind of thing."""

    def matching(*fields: str) -> Data:
        return {
            "_any_": {"pattern": pattern, "fields": list(fields)},
            "order_by": ["-last_update"],
            "page": 0,
            "page_size": SHOWN,
        }

    hidden = {"search_hidden": True, "shallow_search": False, "only_fields": COMMON}
    tasks = {"system_tags": [*HIDDEN, "__$not", "dataset", "__$not", "pipeline", "__$not", "reports"], "only_fields": TASK}
    return {
        "tasks": ("Tasks", "tasks.get_all_ex", "tasks", matching("id", "name", "comment", "tags") | tasks),
        "projects": (
            "Projects",
            "projects.get_all_ex",
            "projects",
            matching("id", "name", "description") | {"only_fields": COMMON},
        ),
        "models": (
            "Models",
            "models.get_all_ex",
            "models",
            matching("id", "name", "comment") | {"only_fields": [*COMMON, "project.name"], "system_tags": HIDDEN},
        ),
        "datasets": (
            "Datasets",
            "projects.get_all_ex",
            "projects",
            matching("id", "name") | hidden | {"system_tags": ["dataset"]},
        ),
        "pipelines": (
            "Pipelines",
            "projects.get_all_ex",
            "projects",
            matching("id", "name") | hidden | {"system_tags": ["pipeline"]},
        ),
        "reports": (
            "Reports",
            "reports.get_all_ex",
            "tasks",
            matching("id", "name", "comment", "report")
            | {"only_fields": [*COMMON, "status", "project.name"], "system_tags": HIDDEN},
        ),
    }


def as_pattern(text: str) -> str:
    """Text between slashes is a regular expression, everything else is looked for as it stands."""
    return text[1:-1] if re.fullmatch(r"/.+/", text) else re.escape(text)


async def search(page: Page) -> dict[str, Any]:
    """Context of the search: the first hits of each kind, or with ``tab`` a page of one kind; and how many each has."""
    text = page.query.get("q", "").strip()
    queries = kinds(as_pattern(text)) if text else {}
    tab = page.query.get("tab", "") if page.query.get("tab", "") in queries else ""
    number = int(page.query.get("page", "0")) if page.query.get("page", "0").isdecimal() else 0
    chosen = {name: query for name, query in queries.items() if tab in ("", name)}
    limits = {"page": number, "page_size": PAGE_SIZE} if tab else {}
    counts, *answers = await asyncio.gather(
        _counts(page, queries), *(attempt(page, endpoint, body | limits) for _, endpoint, _, body in chosen.values())
    )
    groups = [
        {"name": name, "title": title, "rows": [row | {"href": _link(page, name, row)} for row in answer.get(key, [])]}
        for (name, (title, _, key, _)), answer in zip(chosen.items(), answers, strict=True)
    ]
    pages = _pages(page, text, tab, number, counts.get(tab, 0)) if tab else {"before": "", "after": ""}
    return {
        "title": "Search",
        "text": text,
        "groups": groups,
        "counts": counts,
        "tabs": _tabs(page, text, queries, counts),
        "tab": tab,
        **pages,
    }


async def _counts(page: Page, queries: dict[str, tuple[str, str, str, Data]]) -> dict[str, int]:
    """How many hits each kind has; none when the server can't count them."""
    if not queries:
        return {}
    left_out = ("order_by", "page", "page_size", "only_fields")
    body = {
        name: {key: value for key, value in query.items() if key not in left_out} for name, (_, _, _, query) in queries.items()
    }
    found: dict[str, int] = await attempt(page, "organization.get_entities_count", body)
    return found


def _tabs(page: Page, text: str, queries: dict[str, tuple[str, str, str, Data]], counts: dict[str, int]) -> list[Data]:
    """The tab of all kinds and one for each."""
    everything = {"name": "", "title": "All", "href": page.url("/search?" + urlencode({"q": text}))}
    return [everything] + [
        {
            "name": name,
            "title": title,
            "count": counts.get(name),
            "href": page.url("/search?" + urlencode({"q": text, "tab": name})),
        }
        for name, (title, *_) in queries.items()
    ]


def _pages(page: Page, text: str, tab: str, number: int, count: int) -> Data:
    """Where the pages before and after are."""

    def address(other: int) -> str:
        return page.url("/search?" + urlencode({"q": text, "tab": tab, "page": other}))

    more = (number + 1) * PAGE_SIZE < count
    return {"before": address(number - 1) if number else "", "after": address(number + 1) if more else ""}


def _link(page: Page, kind: str, row: Data) -> str:
    """Where a hit leads; what has no page of its own is shown as the task or the project that it is."""
    plain = {"tasks": "/tasks/{id}", "projects": "/projects/{id}/tasks"}
    if kind not in plain and f"/{kind}" in {panel.path for panel in page.panels("page")}:
        return page.url(f"/{kind}/{row['id']}")
    stands_for = {"reports": "tasks", "datasets": "projects", "pipelines": "projects"}.get(kind, kind)
    return page.url(plain[stands_for].format(id=row["id"])) if stands_for in plain else ""
