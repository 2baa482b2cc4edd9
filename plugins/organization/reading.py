"""Tags, counts and companies."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session
from trackyard.core import query
from trackyard.core.entities import MODEL, PROJECT, TASK, Company, Kind, User, table_of
from trackyard.core.identity import ADMIN_ROLES
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.requests import Request, TagsRequest
from trackyard.core.query import in_use, project_tree
from trackyard.core.store import Document
from trackyard.plugins.organization.requests import CountRequest

COUNTED: dict[str, tuple[Kind, Document]] = {
    "projects": (PROJECT, {}),
    "tasks": (TASK, {}),
    "models": (MODEL, {}),
    "pipelines": (PROJECT, {}),
    "datasets": (PROJECT, {}),
    "reports": (TASK, {"type": ["report"]}),
}
"""By key of a count: which kind of object it is about, and what else must be so."""


async def get_tags(call: Call, request: TagsRequest) -> Document:
    """All tags of tasks, models and projects."""
    given = request.filter
    body: Document = {"search_hidden": True}
    if given:
        body |= {"tags": given.tags, "system_tags": given.system_tags}

    def work(session: Session) -> Document:
        fields = ("tags", "system_tags") if request.include_system else ("tags",)
        found: dict[str, set[str]] = {field: set() for field in fields}
        for kind in (TASK, MODEL, PROJECT):
            conditions = query.conditions(session, kind, body, call.identity)
            for field in fields:
                found[field].update(in_use.tags(session, kind, conditions, field))
        return {field: sorted(tags) for field, tags in found.items()}

    return await call.metadata.read(work)


async def get_entities_count(call: Call, request: CountRequest) -> Document:
    """Count objects of several kinds, each with filters of its own."""
    wanted = {name: body for name in COUNTED if (body := getattr(request, name)) is not None}

    def work(session: Session) -> Document:
        return {name: _count(session, call, request, name, body) for name, body in wanted.items()}

    return await call.metadata.read(work)


def _count(session: Session, call: Call, request: CountRequest, name: str, given: Document) -> int:
    kind, more = COUNTED[name]
    body: dict[str, Any] = {"search_hidden": request.search_hidden, "allow_public": request.allow_public, **given, **more}
    where = []
    if request.active_users and kind is PROJECT:
        where = [project_tree.of_users(session, request.active_users, call.identity)]
    elif request.active_users:
        body.setdefault("user", request.active_users)
    return query.count(session, kind, body, call.identity, where)


async def get_user_companies(call: Call, request: Request) -> Document:
    """The company of the caller, its owners and how many users it has."""

    def work(session: Session) -> Document:
        company, user = table_of(Company), table_of(User)
        mine = user.c.company == call.identity.company
        name = session.execute(select(company.c.name).where(company.c.id == call.identity.company)).scalar()
        owners = session.execute(
            select(user.c.id, user.c.name, user.c.avatar).where(mine, user.c.role.in_(sorted(ADMIN_ROLES))).order_by(user.c.num)
        ).mappings()
        return {
            "id": call.identity.company,
            "name": name or call.identity.company_name,
            "allocated": session.execute(select(func.count()).where(mine)).scalar() or 0,
            "owners": [{key: value for key, value in owner.items() if value is not None} for owner in owners],
        }

    return {"companies": [await call.metadata.read(work)]}
