"""Making projects, changing them and moving them."""

from __future__ import annotations

from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import PROJECT
from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.requests import PublicityRequest, given
from trackyard.core.store import Document
from trackyard.plugins.projects import tree
from trackyard.plugins.projects.requests import CreateRequest, MergeRequest, MoveRequest, ProjectRequest, UpdateRequest

FIELDS = ("description", "tags", "system_tags", "default_output_destination")


async def create(call: Call, request: CreateRequest) -> Document:
    """Make a project."""
    values = {"description": "", **given(request, FIELDS)}
    return {"id": await call.metadata.write(lambda session: store.create_project(session, call.identity, request.name, values))}


async def get_by_id(call: Call, request: ProjectRequest) -> Document:
    """Read a project."""
    company = call.identity.company
    found = await call.metadata.read(lambda session: store.require(session, PROJECT, request.project, company=company))
    return {"project": found}


async def update(call: Call, request: UpdateRequest) -> Document:
    """Change a project."""

    def work(session: Session) -> Document:
        tree.own(session, call.identity, request.project)
        fields = given(request, FIELDS)
        if request.name is not None:
            fields |= tree.rename(session, call.identity, request.project, request.name)
        written = store.update(session, PROJECT, request.project, fields, by=call.identity.user)
        return {"updated": int(bool(written)), "fields": written}

    return await call.metadata.write(work)


async def move(call: Call, request: MoveRequest) -> Document:
    """Put a project under another one."""

    def work(session: Session) -> Document:
        return {"moved": tree.move(session, call.identity, request.project, request.new_location)}

    return await call.metadata.write(work)


async def merge(call: Call, request: MergeRequest) -> Document:
    """Put everything of a project into another one."""

    def work(session: Session) -> Document:
        merged = tree.merge(session, call.identity, request.project, request.destination_project)
        return {"moved_entities": merged.entities, "moved_projects": merged.projects}

    return await call.metadata.write(work)


async def make_public(call: Call, request: PublicityRequest) -> Document:
    """Show projects to everybody, read-only."""
    return await call.metadata.write(lambda session: {"updated": store.make_public(session, PROJECT, request.ids, call.identity)})


async def make_private(call: Call, request: PublicityRequest) -> Document:
    """Take public projects back."""
    return await call.metadata.write(
        lambda session: {"updated": store.make_private(session, PROJECT, request.ids, call.identity)}
    )
