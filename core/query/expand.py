"""References in ``_ex`` answers become objects: ``{"id": …}`` with the fields that were asked for."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import select
from sqlmodel import Session
from trackyard.core.entities import KINDS, table_of
from trackyard.core.entities.fields import Kind
from trackyard.core.entities.user import Company
from trackyard.core.errors import unknown_field
from trackyard.core.query.projection import Node, pick
from trackyard.core.store.documents import load
from trackyard.core.store.values import chunks

Document = dict[str, Any]
DEEPEST = 5
"""How many references a path may go through."""


def references(kind: Kind) -> dict[tuple[str, ...], str]:
    """Where the documents of a kind hold ids of other objects: path → kind of object."""
    found: dict[tuple[str, ...], str] = {(field.name,): field.refers for field in kind.fields.values() if field.refers}
    found |= {(field.name, *below): other for field in kind.fields.values() for below, other in field.refers_below.items()}
    return found


def expand(session: Session, kind: Kind, documents: list[Document], tree: Node, depth: int = 0) -> None:
    """Replace every reference in the documents, in place."""
    if depth > DEEPEST:
        raise unknown_field("a path through too many references")
    for path, other in references(kind).items():
        places = [place for document in documents for place in _places(document, path)]
        node = tree.at(path)
        wanted = Node(children={name: child for name, child in node.children.items() if name != "id"})
        shown = _shown(session, other, {read() for read, _ in places}, wanted, depth)
        for read, write in places:
            write(shown.get(read(), {"id": read()}))


Place = tuple[Callable[[], str], Callable[[Any], None]]


def _places(value: Any, path: tuple[str, ...]) -> Iterator[Place]:
    """Every place at ``path`` that holds an id, as a reader and a writer."""
    if isinstance(value, list):
        for item in value:
            yield from _places(item, path)
    elif isinstance(value, dict) and path[0] in value:
        if len(path) > 1:
            yield from _places(value[path[0]], path[1:])
        elif isinstance(value[path[0]], str):
            key, identifier = path[0], value[path[0]]
            yield (lambda: identifier), (lambda shown: value.__setitem__(key, shown))


def _shown(session: Session, name: str, ids: Iterable[str], wanted: Node, depth: int) -> dict[str, Document]:
    """The objects with those ids as they are shown, by id; nothing is read when only ids are wanted."""
    if not wanted.children:
        return {}
    if name == "company":
        return _companies(session, list(ids))
    kind = KINDS[name]
    unknown = wanted.children.keys() - {field.name for field in kind.fields.values() if not field.private}
    if unknown:
        raise unknown_field(f"{name}.{sorted(unknown)[0]}")
    shown: dict[str, Document] = {}
    table = table_of(kind.table)
    for part in chunks(sorted(set(ids))):
        nums = list(session.execute(select(table.c.num).where(table.c.id.in_(part))).scalars())
        found = load(session, kind, nums, {"id", *wanted.children})
        expand(session, kind, found, wanted, depth + 1)
        for document in found:
            shown[document["id"]] = {"id": document["id"], **pick(document, with_ids(kind, wanted))}
    return shown


def with_ids(kind: Kind, wanted: Node) -> Node:
    """References always show their id, also when only another field of them was asked for."""
    for path in references(kind):
        node = wanted.at(path)
        if node.children:
            node.want(("id",))
    return wanted


def _companies(session: Session, ids: list[str]) -> dict[str, Document]:
    table = table_of(Company)
    rows = session.execute(select(table.c.id, table.c.name).where(table.c.id.in_(ids)))
    return {identifier: {"id": identifier, "name": name} for identifier, name in rows}
