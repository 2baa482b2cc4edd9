"""Saved views of tables: an address's query under a name, the user's own or shown to everybody."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from sqlmodel import Session, col, or_, select
from trackyard.core.clock import now
from trackyard.core.entities import SavedView
from trackyard.core.errors import bad_value, forbidden, validation
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import Identity
from trackyard.core.ids import new_id
from trackyard.core.plugin import Plugin
from trackyard.core.protocol.endpoint import Call, Endpoint
from trackyard.core.protocol.requests import FreeId, Request

LIMIT = 200
"""Views that one user may save for one table."""


class ViewsOfPage(Request):
    """Asks for the views of a table; ``page`` is its name, as ``tasks/<project>``."""

    page: FreeId


class NewView(Request, kw_only=True):
    """A view to be kept; one's own of the same name is replaced."""

    page: FreeId
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    search: Annotated[str, msgspec.Meta(max_length=16_000)]
    shared: bool = False


class OneView(Request):
    """Names a view by its id."""

    view: str


class ViewRow(msgspec.Struct):
    """A view as lists show it; ``own`` ones may be changed."""

    id: str
    name: str
    search: str
    shared: bool
    own: bool


class ViewList(msgspec.Struct):
    """Views by name."""

    views: list[ViewRow]


class SavedId(msgspec.Struct):
    """The id of what was saved."""

    id: str


class Deleted(msgspec.Struct):
    """How many were deleted."""

    deleted: int


class ViewsPlugin(Plugin):
    """The service ``views``."""

    name = "ui-views"
    summary = "Named views of tables, private or shared"

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """List, save, delete."""
        return [
            Endpoint(
                "views.get_all", get_all, ViewsOfPage, reply=ViewList, summary="The views of a table that the caller may see."
            ),
            Endpoint("views.save", save, NewView, writes=True, reply=SavedId, summary="Keep a table's query under a name."),
            Endpoint("views.delete", delete, OneView, writes=True, reply=Deleted, summary="Delete one's own view."),
        ]


async def get_all(call: Call, request: ViewsOfPage) -> dict[str, Any]:
    """The views of a table that the caller may see."""
    rows = await call.metadata.read(
        lambda session: [_row(view, call.identity) for view in _seen(session, request.page, call.identity)]
    )
    return {"views": rows}


async def save(call: Call, request: NewView) -> dict[str, Any]:
    """Keep a table's query under a name."""

    def work(session: Session) -> str:
        own = [view for view in _seen(session, request.page, call.identity) if view.user == call.identity.user]
        view = next((view for view in own if view.name == request.name), None)
        if view is None and len(own) >= LIMIT:
            raise validation("name", f"one user may keep {LIMIT} views of a table")
        moment = now()
        view = view or SavedView(
            id=new_id(), user=call.identity.user, page=request.page, name=request.name, created=moment, last_update=moment
        )
        view.company, view.shared, view.query, view.last_update = (
            call.identity.company,
            request.shared,
            {"search": request.search},
            moment,
        )
        session.add(view)
        session.flush()
        return view.id

    return {"id": await call.metadata.write(work)}


async def delete(call: Call, request: OneView) -> dict[str, Any]:
    """Delete one's own view; administrators may delete shared ones of others."""

    def work(session: Session) -> int:
        view = session.get(SavedView, request.view)
        if view is None or view.company != call.identity.company:
            raise bad_value("view", request.view)
        if view.user != call.identity.user and not (view.shared and call.identity.is_admin):
            raise forbidden(20, "Only the user who saved a view may delete it")
        session.delete(view)
        return 1

    return {"deleted": await call.metadata.write(work)}


def _seen(session: Session, page: str, identity: Identity) -> list[SavedView]:
    mine = or_(col(SavedView.user) == identity.user, col(SavedView.shared))
    where = (col(SavedView.company) == identity.company, col(SavedView.page) == page, mine)
    return sorted(session.exec(select(SavedView).where(*where)), key=lambda view: (view.name.lower(), view.id))


def _row(view: SavedView, identity: Identity) -> dict[str, Any]:
    search = str(view.query.get("search", ""))
    return {"id": view.id, "name": view.name, "search": search, "shared": view.shared, "own": view.user == identity.user}
