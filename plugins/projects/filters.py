"""The lists that filters offer: tags, hyperparameters, metadata, metrics, parents and users that occur in projects."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, select
from sqlmodel import Session
from trackyard.core import query, store
from trackyard.core.entities import MODEL, PROJECT, TASK, Kind, Project, Task, User, table_of
from trackyard.core.identity import Identity
from trackyard.core.protocol.endpoint import Call
from trackyard.core.query import in_use
from trackyard.core.query.in_use import Condition, Page
from trackyard.core.store import Document
from trackyard.plugins.projects.requests import (
    HyperParametersRequest,
    HyperParameterValuesRequest,
    MetadataKeysRequest,
    MetadataValuesRequest,
    MetricVariantsRequest,
    ProjectTagsRequest,
    TaskParentsRequest,
    UserNamesRequest,
)

ARCHIVED = {"active": ["__$not", "archived"], "archived": ["archived"]}


def selected(session: Session, kind: Kind, identity: Identity, projects: list[str], **more: Any) -> list[Condition]:
    """The conditions for objects in some projects (none: all), hidden ones too."""
    body = {"project": projects, "include_subprojects": True, "search_hidden": True, **more}
    return query.conditions(session, kind, body, identity)


async def get_task_tags(call: Call, request: ProjectTagsRequest) -> Document:
    """Tags of tasks in some projects."""
    return await _tags(call, TASK, request)


async def get_model_tags(call: Call, request: ProjectTagsRequest) -> Document:
    """Tags of models in some projects."""
    return await _tags(call, MODEL, request)


async def get_project_tags(call: Call, request: ProjectTagsRequest) -> Document:
    """Tags of projects."""
    return await _tags(call, PROJECT, request)


async def _tags(call: Call, kind: Kind, request: ProjectTagsRequest) -> Document:
    given = request.filter
    more = {"tags": given.tags, "system_tags": given.system_tags} if given else {}

    def work(session: Session) -> Document:
        if kind is PROJECT:
            conditions = _among_projects(session, call.identity, request.projects, more)
        else:
            conditions = selected(session, kind, call.identity, request.projects, **more)
        fields = ("tags", "system_tags") if request.include_system else ("tags",)
        return {field: in_use.tags(session, kind, conditions, field) for field in fields}

    return await call.metadata.read(work)


def _among_projects(session: Session, identity: Identity, projects: list[str], more: Document) -> list[Condition]:
    conditions = query.conditions(session, PROJECT, {"search_hidden": True, **more}, identity)
    if projects:
        conditions.append(table_of(Project).c.id.in_(store.with_descendants(session, projects)))
    return conditions


async def get_hyper_parameters(call: Call, request: HyperParametersRequest) -> Document:
    """The names of hyperparameters in a project."""

    def work(session: Session) -> Document:
        conditions = selected(session, TASK, call.identity, [request.project], include_subprojects=request.include_subprojects)
        found = [path for path in in_use.segments_below(session, TASK, "hyperparams", conditions) if len(path) == 4]
        page = Page(request.page, request.page_size)
        items = [{"section": section, "name": name} for _, section, name, _ in page.of(found)]
        return {"parameters": items, "total": len(found), "remaining": page.remaining(len(found))}

    return await call.metadata.read(work)


async def get_hyperparam_values(call: Call, request: HyperParameterValuesRequest) -> Document:
    """The values of a hyperparameter in some projects."""
    path = ("hyperparams", request.section, request.name, "value")
    return await _values(call, TASK, path, request, request.pattern)


async def get_model_metadata_keys(call: Call, request: MetadataKeysRequest) -> Document:
    """The keys of the metadata of models in a project."""

    def work(session: Session) -> Document:
        conditions = selected(session, MODEL, call.identity, [request.project], include_subprojects=request.include_subprojects)
        found = [path[1] for path in in_use.segments_below(session, MODEL, "metadata", conditions) if len(path) == 3]
        page = Page(request.page, request.page_size)
        return {"keys": page.of(found), "total": len(found), "remaining": page.remaining(len(found))}

    return await call.metadata.read(work)


async def get_model_metadata_values(call: Call, request: MetadataValuesRequest) -> Document:
    """The values of a key of the metadata of models in some projects."""
    return await _values(call, MODEL, ("metadata", request.key, "value"), request)


async def _values(
    call: Call,
    kind: Kind,
    path: tuple[str, ...],
    request: HyperParameterValuesRequest | MetadataValuesRequest,
    pattern: str | None = None,
) -> Document:
    more = {"include_subprojects": request.include_subprojects, "allow_public": request.allow_public}

    def work(session: Session) -> Document:
        conditions = selected(session, kind, call.identity, request.projects, **more)
        page = Page(request.page, request.page_size)
        total, found = in_use.values(session, kind, path, conditions, page, pattern)
        return {"total": total, "values": found}

    return await call.metadata.read(work)


async def get_unique_metric_variants(call: Call, request: MetricVariantsRequest) -> Document:
    """The metrics and variants in a project, or of some tasks or models."""
    kind = MODEL if request.model_metrics else TASK
    projects = [request.project] if request.project else []

    def work(session: Session) -> Document:
        conditions = selected(
            session, kind, call.identity, projects, include_subprojects=request.include_subprojects, id=request.ids
        )
        return {"metrics": in_use.metrics(session, kind, conditions)}

    return await call.metadata.read(work)


async def get_task_parents(call: Call, request: TaskParentsRequest) -> Document:
    """The tasks that are parents of tasks in some projects."""

    def work(session: Session) -> Document:
        more = {"include_subprojects": request.include_subprojects, "system_tags": ARCHIVED.get(request.tasks_state or "")}
        children = select(table_of(Task).c.parent).where(*selected(session, TASK, call.identity, request.projects, **more))
        return {"parents": _parents(session, call.identity, children, request.task_name)}

    return await call.metadata.read(work)


def _parents(session: Session, identity: Identity, children: Any, name: str | None) -> list[Document]:
    task, project = table_of(Task).alias(), table_of(Project)
    wanted = (
        select(task.c.id, task.c.name, task.c.project, project.c.name.label("project_name"))
        .outerjoin(project, project.c.id == task.c.project)
        .where(task.c.id.in_(children), task.c.company.in_([identity.company, ""]))
    )
    if name:
        wanted = wanted.where(in_use.matches(session, task.c.name, name))
    rows = session.execute(wanted.order_by(task.c.name, task.c.num))
    return [_parent(row) for row in rows]


def _parent(row: Any) -> Document:
    found = {"id": row.id, "name": row.name}
    return found | ({"project": {"id": row.project, "name": row.project_name}} if row.project else {})


async def get_user_names(call: Call, request: UserNamesRequest) -> Document:
    """The users who have tasks or models in some projects."""
    kind = MODEL if request.entity == "model" else TASK

    def work(session: Session) -> Document:
        more = {"include_subprojects": request.include_subprojects}
        conditions = selected(session, kind, call.identity, request.projects, **more)
        user = table_of(User)
        has_one = exists().where(table_of(kind.table).c.user == user.c.id, *conditions)
        rows = session.execute(select(user.c.id, user.c.name).where(has_one).order_by(user.c.name, user.c.id))
        return {"users": [{"id": row.id, "name": row.name} for row in rows]}

    return await call.metadata.read(work)
