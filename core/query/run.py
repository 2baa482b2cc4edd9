"""Answer ``get_all`` and its kin: what plugins call. See the package for the language."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session
from trackyard.core.contracts.metadata import MetadataStore
from trackyard.core.entities.fields import Kind
from trackyard.core.entities.model import MODEL
from trackyard.core.entities.project import PROJECT
from trackyard.core.entities.queue import QUEUE
from trackyard.core.entities.task import TASK
from trackyard.core.entities.user import USER
from trackyard.core.identity import Identity
from trackyard.core.query import order, pages, projection
from trackyard.core.query.conditions import Condition, Translator
from trackyard.core.query.expand import expand as expand_references
from trackyard.core.query.expand import with_ids
from trackyard.core.query.find import Finder
from trackyard.core.query.pages import ScrollState
from trackyard.core.store import documents

Document = dict[str, Any]

TASKS, MODELS, PROJECTS, QUEUES, USERS = TASK, MODEL, PROJECT, QUEUE, USER


@dataclass(frozen=True)
class QueryResult:
    """The documents of one part of a result. ``scroll_id`` is set when the request scrolls."""

    items: list[Document]
    scroll_id: str | None = None

    def answer(self, key: str) -> Document:
        """The reply of ``get_all``: the documents under ``key`` and the scroll's id."""
        return {key: self.items} if self.scroll_id is None else {key: self.items, "scroll_id": self.scroll_id}


async def page(
    store: MetadataStore,
    kind: Kind,
    body: Document,
    identity: Identity,
    *,
    expand: bool = False,
    extra: Collection[str] = (),
    where: Collection[ColumnElement[bool]] = (),
) -> QueryResult:
    """One part of the result, in one read unit; a scroll's place is kept in a second unit.

    ``expand`` makes references objects (``_ex``). ``extra`` are top names to read and answer whatever the projection says;
    ``where`` are further conditions on the entity's table. Raises 400/12, 14, 16 or 21 when the request is wrong.
    """
    result, state = await store.read(
        lambda session: _page(session, kind, body, identity, expand=expand, extra=extra, where=where)
    )
    if state is not None:
        await store.write(lambda session: pages.save(session, kind, identity, state))
    return result


def run(
    session: Session,
    kind: Kind,
    body: Document,
    identity: Identity,
    *,
    expand: bool = False,
    extra: Collection[str] = (),
    where: Collection[ColumnElement[bool]] = (),
) -> QueryResult:
    """As ``page``, inside a unit of work of the caller; a scroll begins anew each time, because its place is not kept."""
    unscrolled = {name: value for name, value in body.items() if name != "scroll_id"}
    return _page(session, kind, unscrolled, identity, expand=expand, extra=extra, where=where)[0]


def _page(
    session: Session,
    kind: Kind,
    body: Document,
    identity: Identity,
    *,
    expand: bool,
    extra: Collection[str],
    where: Collection[ColumnElement[bool]],
) -> tuple[QueryResult, ScrollState | None]:
    wanted = projection.parse(kind, body.get("only_fields") or body.get("projection"), expand=expand)
    for name in extra:
        wanted.tree.want((name,))
    finder = _finder(session, kind, body, identity, where)
    window = pages.window(session, kind, body, identity)
    nums, last = finder.part(window)
    items = _shown(session, kind, nums, wanted, expand=expand)
    state = window.scroll
    if state is None:
        return QueryResult(items), None
    return QueryResult(items, state.id), ScrollState(state.id, state.fingerprint, last if last is not None else state.after)


def _finder(session: Session, kind: Kind, body: Document, identity: Identity, where: Collection[ColumnElement[bool]]) -> Finder:
    conditions = [*Translator(session, kind).all(body, identity), *where]
    return Finder(session, kind, conditions, order.parse(session, kind, body.get("order_by")))


def _shown(session: Session, kind: Kind, nums: list[int], wanted: projection.Projection, *, expand: bool) -> list[Document]:
    found = documents.load(session, kind, nums, wanted.names, wanted.metric_keys)
    if expand:
        expand_references(session, kind, found, wanted.tree)
        with_ids(kind, wanted.tree)
    return [wanted.apply(document) for document in found]


def get(session: Session, kind: Kind, entity_id: str, body: Document, identity: Identity, *, expand: bool = True) -> Document:
    """One document with the projection of ``body`` (``get_by_id_ex``); raises the protocol's "Invalid … id"."""
    wanted = projection.parse(kind, body.get("only_fields") or body.get("projection"), expand=expand)
    if not wanted.explicit:
        for name in documents.shown_by_id(kind):
            wanted.tree.want((name,))
    num = documents.number(session, kind, entity_id, company=identity.company)
    return _shown(session, kind, [num], wanted, expand=expand)[0]


def count(
    session: Session,
    kind: Kind,
    body: Document,
    identity: Identity,
    where: Collection[ColumnElement[bool]] = (),
) -> int:
    """How many entities the filters of ``body`` find."""
    return Finder(session, kind, conditions(session, kind, body, identity, where), []).count()


def ids(
    session: Session,
    kind: Kind,
    body: Document,
    identity: Identity,
    where: Collection[ColumnElement[bool]] = (),
) -> list[str]:
    """The ids of all entities that ``body`` finds, in its order and without pages."""
    return _finder(session, kind, body, identity, where).every_id()


def conditions(
    session: Session,
    kind: Kind,
    body: Document,
    identity: Identity,
    where: Collection[ColumnElement[bool]] = (),
) -> list[Condition]:
    """The filters of ``body`` as conditions on the entity's table, for statements of the caller's own."""
    return [*Translator(session, kind).all(body, identity), *where]
