"""What a list of projects tells of their contents: counts by status, sub-projects, own contents, sizes of datasets.

Everything is computed for a whole page of projects at once, by a few statements that aggregate in the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlmodel import Session
from trackyard.core import clock, query, store
from trackyard.core.entities import (
    MODEL,
    PROJECT,
    TASK,
    TASK_STATUSES,
    Kind,
    Model,
    Project,
    Task,
    table_of,
)
from trackyard.core.entities.columns import from_ms
from trackyard.core.identity import Identity
from trackyard.core.query import project_tree, sql
from trackyard.core.store import Document
from trackyard.plugins.projects.requests import ProjectsQueryEx

DAY = timedelta(hours=24)
DONE = ("completed", "publishing", "published")
CONTAINERS = {".datasets": "dataset", ".pipelines": "pipeline", ".reports": "reports"}
"""Hidden projects below which the objects of a kind live, each in a project of its own; by name, with their system tag."""


@dataclass
class Section:
    """What is known of the tasks in one state, active or archived; ``runtime`` in seconds."""

    by_status: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TASK_STATUSES, 0))
    runtime: int = 0
    recent: int = 0
    started: datetime | None = None

    def add(self, group: Any) -> None:
        """Add the tasks of one project, status and set of system tags."""
        self.by_status[group.status] = self.by_status.get(group.status, 0) + group.count
        self.runtime += int(group.runtime or 0)
        self.recent += int(group.recent or 0)
        if group.started is not None:
            started = from_ms(group.started)
            self.started = max(started, self.started or started)

    def shown(self) -> Document:
        """As the protocol tells it."""
        found: Document = {
            "status_count": self.by_status,
            "total_tasks": sum(self.by_status.values()),
            "total_runtime": self.runtime,
            "completed_tasks_24h": self.recent,
        }
        return found | ({"max_task_started": self.started, "last_task_run": self.started} if self.started else {})


class Statistics:
    """The contents of a page of projects. ``roots`` are the projects of the page, ``inside`` all projects that count."""

    def __init__(self, session: Session, identity: Identity, request: ProjectsQueryEx, roots: Sequence[str]) -> None:
        """Read the projects below the page."""
        self.session = session
        self.identity = identity
        self.request = request
        self.roots = set(roots)
        table = table_of(Project)
        scope = project_tree.at_or_below(roots) if request.stats_with_children else table.c.id.in_(roots)
        self.scope = scope
        rows = session.execute(
            select(table.c.id, table.c.name, table.c.path, table.c.system_tags, table.c.tags).where(scope)
        ).all()
        hidden = {row.id for row in rows if "hidden" in row.system_tags} - self.roots
        self.every = {row.id: row for row in rows}
        self.inside = (
            self.every
            if request.search_hidden
            else {row.id: row for row in rows if row.id in self.roots or not hidden.intersection([row.id, *row.path])}
        )

    def roots_of(self, project: str) -> Iterable[str]:
        """The projects of the page that a project counts for."""
        return self.roots.intersection([project, *self.every[project].path])

    def conditions(self, kind: Kind, body: Document) -> list[ColumnElement[bool]]:
        """The conditions of the filter of statistics, and of the users that are asked for."""
        users = {"user": self.request.active_users} if self.request.active_users else {}
        found = query.conditions(
            self.session, kind, {"search_hidden": self.request.search_hidden, **body, **users}, self.identity
        )
        return [*found, table_of(kind.table).c.project.in_(select(table_of(Project).c.id).where(self.scope))]

    def sections(self) -> dict[str, dict[str, Section]]:
        """By project of the page: its active and its archived tasks."""
        found = {root: {"active": Section(), "archived": Section()} for root in self.roots}
        for group in self.groups:
            if group.project in self.inside:
                for root in self.roots_of(group.project):
                    found[root]["archived" if store.ARCHIVED in group.system_tags else "active"].add(group)
        return found

    @cached_property
    def groups(self) -> Sequence[Any]:
        """Tasks by project, status and system tags: their number, seconds, how many ended in the last day, the last start.

        The columns are those of an index, in its order, so that the tasks themselves are not read.
        """
        task = table_of(Task)
        completed, started = sql.milliseconds(task.c.completed), sql.milliseconds(task.c.started)
        recent = case((task.c.status.in_(DONE) & (completed >= clock.epoch_ms(clock.now() - DAY)), 1), else_=0)
        columns = (
            func.count().label("count"),
            func.sum(func.coalesce(task.c.active_duration, (completed - started) / 1000, 0)).label("runtime"),
            func.sum(recent).label("recent"),
            func.max(started).label("started"),
        )
        keys = (task.c.project, task.c.status, task.c.system_tags)
        conditions = self.conditions(TASK, self.request.include_stats_filter)
        return self.session.execute(select(*keys, *columns).where(*conditions).group_by(*keys)).all()

    def sub_projects(self) -> dict[str, list[Document]]:
        """By project of the page: all projects below it that are shown, by name."""
        found: dict[str, list[Document]] = {root: [] for root in self.roots}
        for row in sorted(self.inside.values(), key=lambda row: str(row.name)):
            for root in self.roots.intersection(row.path):
                found[root].append({"id": row.id, "name": row.name})
        return found

    def children(self, tag: str) -> dict[str, Document]:
        """By project of the page: how many projects of datasets (or pipelines) are below it, and their tags."""
        wanted = (row for row in self.every.values() if tag in row.system_tags and _last_segment(row.name) not in CONTAINERS)
        return self._counted((row.tags, self.roots.intersection(row.path)) for row in wanted)

    def reports(self) -> dict[str, Document]:
        """By project of the page: how many reports are in it and below it, and their tags."""
        task = table_of(Task)
        conditions = self.conditions(TASK, {"type": ["report"], "search_hidden": True})
        rows = self.session.execute(select(task.c.project, task.c.tags).where(*conditions))
        return self._counted((row.tags, self.roots_of(row.project)) for row in rows)

    def _counted(self, found: Iterable[tuple[list[str], Iterable[str]]]) -> dict[str, Document]:
        """By project of the page: how many objects count for it, and all their tags; given are the tags of each object."""
        counts, tags = dict.fromkeys(self.roots, 0), {root: set[str]() for root in self.roots}
        for its_tags, roots in found:
            for root in roots:
                counts[root] += 1
                tags[root].update(its_tags)
        return {root: {"count": counts[root], "tags": sorted(tags[root])} for root in self.roots}

    def own_tasks(self) -> dict[str, int]:
        """By project of the page: how many tasks are in it, not below it."""
        found = dict.fromkeys(self.roots, 0)
        for group in self.groups:
            if group.project in found:
                found[group.project] += group.count
        return found

    def own_models(self) -> dict[str, int]:
        """By project of the page: how many models are in it, not below it."""
        table = table_of(Model)
        conditions = [*self.conditions(MODEL, {}), table.c.project.in_(self.roots)]
        rows = self.session.execute(select(table.c.project, func.count()).where(*conditions).group_by(table.c.project))
        return dict.fromkeys(self.roots, 0) | {row[0]: row[1] for row in rows}

    def own_datasets(self) -> dict[str, int]:
        """By project of the page: how many datasets are kept in its folder."""
        dataset, folder = table_of(Project), table_of(Project).alias()
        conditions = query.conditions(self.session, PROJECT, {"system_tags": ["dataset"], "search_hidden": True}, self.identity)
        counted = (
            select(folder.c.parent, func.count())
            .select_from(dataset.join(folder, folder.c.id == dataset.c.parent))
            .where(folder.c.basename == ".datasets", folder.c.parent.in_(self.roots), *conditions)
            .group_by(folder.c.parent)
        )
        return dict.fromkeys(self.roots, 0) | {row[0]: row[1] for row in self.session.execute(counted)}

    def datasets(self) -> dict[str, Document]:
        """By project of the page: files and bytes of the newest version of the dataset that is in it."""
        task = table_of(Task)
        body = {"system_tags": ["dataset", "__$not", "archived"], "search_hidden": True}
        conditions = [*query.conditions(self.session, TASK, body, self.identity), task.c.project.in_(self.roots)]
        newest = select(func.max(task.c.num)).where(*conditions).group_by(task.c.project)
        nums = list(self.session.execute(newest).scalars())
        versions = store.load(self.session, TASK, nums, ("project", "runtime"))
        sizes = {version["project"]: version["runtime"] for version in versions}
        return {root: _dataset_size(sizes.get(root, {})) for root in self.roots}


def _last_segment(name: str) -> str:
    return name.rpartition("/")[2]


def _dataset_size(runtime: Document) -> Document:
    files = _whole(runtime.get("ds_file_count")) + _whole(runtime.get("ds_link_count"))
    return {"file_count": files, "total_size": _whole(runtime.get("ds_total_size"))}


def _whole(value: Any) -> int:
    try:
        return int(float(value or 0))
    except (TypeError, ValueError, OverflowError):
        return 0


def describe(session: Session, identity: Identity, request: ProjectsQueryEx, projects: list[Document]) -> None:
    """Add to the documents of a page what the request asks to know of the contents, in place."""
    found = Statistics(session, identity, request, [project["id"] for project in projects])
    if request.include_stats:
        _add_stats(found, projects)
    if request.check_own_contents:
        own = {"own_tasks": found.own_tasks(), "own_models": found.own_models(), "own_datasets": found.own_datasets()}
        for project in projects:
            project |= {name: counts[project["id"]] for name, counts in own.items()}
    if request.include_dataset_stats:
        sizes = found.datasets()
        for project in projects:
            project["dataset_stats"] = sizes[project["id"]]


def _add_stats(found: Statistics, projects: list[Document]) -> None:
    request = found.request
    sections, below_it = found.sections(), found.sub_projects()
    states = (request.stats_for_state,) if request.stats_for_state else ("active", "archived")
    children = {"datasets": found.children("dataset")}
    if request.children_type == "pipeline":
        children["pipelines"] = found.children("pipeline")
    if request.children_type == "report":
        children["reports"] = found.reports()
    for project in projects:
        one = project["id"]
        stats = {state: sections[one][state].shown() for state in states}
        project["stats"] = stats | {name: by_root[one] for name, by_root in children.items()}
        project["sub_projects"] = below_it[one]
