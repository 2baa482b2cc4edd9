"""Deleting projects with all below them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import case, func, select, update
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import MODEL, PROJECT, TASK, Kind, Model, Project, Task, table_of
from trackyard.core.errors import ApiError
from trackyard.core.protocol.endpoint import Call
from trackyard.core.query import in_use
from trackyard.core.store import Document
from trackyard.core.store.values import chunks
from trackyard.plugins.projects import tree
from trackyard.plugins.projects.requests import DeleteRequest, ProjectRequest
from trackyard.plugins.projects.statistics import CONTAINERS

URLS = ("model_urls", "event_urls", "artifact_urls")
BLOCKS = (
    ("datasets", 406, "Project has associated datasets"),
    ("pipelines", 413, "Project has associated pipelines with active runs"),
    ("non_archived_tasks", 402, "Project has associated non-archived tasks"),
    ("non_archived_reports", 402, "Project has associated non-archived reports"),
    ("non_archived_models", 405, "Project has associated non-archived models"),
)
"""What stands in the way of a deletion, with the subcode that tells it."""


@dataclass
class Contents:
    """A project and all below it: their ids, and how many objects of each sort they hold."""

    projects: list[str]
    counts: Counter[str] = field(default_factory=Counter)


async def validate_delete(call: Call, request: ProjectRequest) -> Document:
    """Count what a project and all below it hold."""
    contents = await call.metadata.read(lambda session: count_contents(session, call, request.project))
    names = ("tasks", "non_archived_tasks", "models", "non_archived_models", "reports", "non_archived_reports")
    return {name: contents.counts[name] for name in (*names, "pipelines", "datasets")}


def count_contents(session: Session, call: Call, project: str) -> Contents:
    """Count what a project and all below it hold; raises 400/401.

    ``datasets`` and ``pipelines`` are the projects of datasets and pipelines below it that hold a task which is not archived;
    their tasks are not among ``non_archived_tasks``.
    """
    tree.own(session, call.identity, project)
    contents = Contents(store.with_descendants(session, [project]))
    kinds = _hosts(session, contents.projects, project)
    for row in _counted(session, Task, contents.projects, table_of(Task).c.type == "report"):
        _add_tasks(contents.counts, row, kinds.get(row.project))
    for row in _counted(session, Model, contents.projects, table_of(Model).c.num.is_(None)):
        contents.counts["models"] += row.count
        contents.counts["non_archived_models"] += row.count - row.archived
    return contents


def _hosts(session: Session, projects: list[str], root: str) -> dict[str, str]:
    """Which of the projects below the root are those of a dataset or a pipeline."""
    table = table_of(Project)
    found = {}
    for part in chunks(projects):
        for row in session.execute(select(table.c.id, table.c.basename, table.c.system_tags).where(table.c.id.in_(part))):
            for kind in ("dataset", "pipeline"):
                if kind in row.system_tags and row.basename not in CONTAINERS and row.id != root:
                    found[row.id] = f"{kind}s"
    return found


def _counted(session: Session, entity: type[Task] | type[Model], projects: list[str], is_report: Any) -> list[Any]:
    """Rows (project, report, count, archived) of the tasks or models in the projects."""
    table = table_of(entity)
    archived = func.sum(case((in_use.has_tag(session, table.c.system_tags, store.ARCHIVED), 1), else_=0))
    rows: list[Any] = []
    for part in chunks(projects):
        columns = (table.c.project, is_report.label("report"), func.count().label("count"), archived.label("archived"))
        rows += session.execute(select(*columns).where(table.c.project.in_(part)).group_by(table.c.project, is_report)).all()
    return rows


def _add_tasks(counts: Counter[str], row: Any, host: str | None) -> None:
    active = row.count - row.archived
    name = "reports" if row.report else "tasks"
    counts[name] += row.count
    if host:
        counts[host] += active > 0
    else:
        counts[f"non_archived_{name}"] += active


async def delete(call: Call, request: DeleteRequest) -> Document:
    """Delete a project with all below it; raises 400/401, and without ``force`` 400/402, 405, 406, 413.

    Tasks and models are deleted before the projects, so that a deletion that was cut off can be done again.
    """
    contents = await call.metadata.read(lambda session: _deletable(session, call, request))
    done: Counter[str] = Counter()
    urls: dict[str, list[str]] = {name: [] for name in URLS}
    if request.delete_contents:
        await _delete_tasks(call, request, contents.projects, done, urls)
        await _delete_models(call, request, contents.projects, done, urls)

    def work(session: Session) -> Document:
        lost = {kind.name: _disassociate(session, kind, contents.projects) for kind in (TASK, MODEL)}
        return {"deleted": store.delete(session, PROJECT, contents.projects), "disassociated_tasks": lost["task"]}

    gone = await call.metadata.write(work)
    return {**gone, "deleted_tasks": done["tasks"], "deleted_models": done["models"], "urls": urls}


def _deletable(session: Session, call: Call, request: DeleteRequest) -> Contents:
    contents = count_contents(session, call, request.project)
    for name, subcode, text in BLOCKS:
        if contents.counts[name] and not request.force:
            text = f"{text}; use force to delete it all the same"
            raise ApiError(400, subcode, text, project=request.project, count=contents.counts[name])
    return contents


def _disassociate(session: Session, kind: Kind, projects: list[str]) -> int:
    table = table_of(kind.table)
    count = 0
    for part in chunks(projects):
        count += session.execute(select(func.count()).where(table.c.project.in_(part))).scalar() or 0
        session.execute(update(table).where(table.c.project.in_(part)).values(project=None))
    return count


async def _delete_tasks(
    call: Call, request: DeleteRequest, projects: list[str], done: Counter[str], urls: dict[str, list[str]]
) -> None:
    tasks = await call.metadata.read(lambda session: _ids(session, Task, projects))
    for part in chunks(tasks):
        body = {
            "ids": part,
            "force": True,
            "delete_output_models": True,
            "return_file_urls": True,
            "delete_external_artifacts": request.delete_external_artifacts,
        }
        answer = await call.kernel.call("tasks.delete_many", body, call.identity)
        for item in answer["succeeded"]:
            done["tasks"] += 1
            done["models"] += item.get("deleted_models", 0)
            for name in URLS:
                urls[name] += (item.get("urls") or {}).get(name, [])


async def _delete_models(
    call: Call, request: DeleteRequest, projects: list[str], done: Counter[str], urls: dict[str, list[str]]
) -> None:
    models = await call.metadata.read(lambda session: _ids(session, Model, projects))
    for part in chunks(models):
        body = {"ids": part, "force": True, "delete_external_artifacts": request.delete_external_artifacts}
        answer = await call.kernel.call("models.delete_many", body, call.identity)
        done["models"] += len(answer["succeeded"])
        urls["model_urls"] += [item["url"] for item in answer["succeeded"] if item["url"]]


def _ids(session: Session, entity: type[Task] | type[Model], projects: Sequence[str]) -> list[str]:
    table = table_of(entity)
    found: list[str] = []
    for part in chunks(list(projects)):
        found += session.execute(select(table.c.id).where(table.c.project.in_(part)).order_by(table.c.num)).scalars()
    return found
