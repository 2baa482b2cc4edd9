"""Whole documents of entities: read, insert, change in part, delete; side tables are kept in step.

A document is the protocol's JSON as a dict: scalars that were never set are left out, lists and dicts are there even if
empty, times are aware UTC datetimes. Everything here runs inside a unit of work (``store.read`` or ``store.write``).
"""

from collections.abc import Collection, Iterable, Sequence
from copy import deepcopy
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Select, Table, bindparam, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update
from sqlmodel import Session
from trackyard.core import clock, ids
from trackyard.core.entities import paths
from trackyard.core.entities.columns import encode
from trackyard.core.entities.fields import Field, Kind, Storage, table_of
from trackyard.core.entities.project import Project
from trackyard.core.entities.queue import QueueEntry
from trackyard.core.errors import invalid_id, validation
from trackyard.core.store import metrics as metric_rows
from trackyard.core.store.values import changed_rows, chunks, insert_values, replace_values, rows_of

Document = dict[str, Any]

NAME_LIMIT = 600
"""Characters of a name; databases do not index longer ones."""
LIMITED = ("name", "basename", "display_name", "email")


def get(
    session: Session, kind: Kind, entity_id: str, *, company: str | None = None, fields: Collection[str] | None = None
) -> Document | None:
    """The document with that id, or None.

    ``company`` limits it to objects of that company and public ones. ``fields`` are top names; without them everything
    that ``get_by_id`` shows is read. Only what is asked for is read and decoded.
    """
    num = _number(session, kind, entity_id, company)
    if num is None:
        return None
    names = shown_by_id(kind) if fields is None else fields
    return load(session, kind, [num], names)[0]


def number(session: Session, kind: Kind, entity_id: str, *, company: str | None = None) -> int:
    """The number of the entity with that id (what side tables call ``owner``); raises the protocol's "Invalid … id"."""
    num = _number(session, kind, entity_id, company)
    if num is None:
        raise invalid_id(kind.name, entity_id)
    return num


def _number(session: Session, kind: Kind, entity_id: str, company: str | None) -> int | None:
    table = table_of(kind.table)
    query = select(table.c.num).where(table.c.id == entity_id)
    if company is not None:
        query = query.where(table.c.company.in_([company, ""]))
    num: int | None = session.execute(query).scalar()
    return num


def require(
    session: Session, kind: Kind, entity_id: str, *, company: str | None = None, fields: Collection[str] | None = None
) -> Document:
    """As ``get``, but raises the protocol's "Invalid … id" (400/101, 201, 401, 701) when there is none."""
    found = get(session, kind, entity_id, company=company, fields=fields)
    if found is None:
        raise invalid_id(kind.name, entity_id)
    return found


def require_own(session: Session, kind: Kind, entity_id: str, *, company: str, fields: Collection[str] | None = None) -> Document:
    """As ``require``, for a change: public objects can be changed by nobody, so that they count as unknown."""
    asked = None if fields is None else {*fields, "company"}
    found = require(session, kind, entity_id, company=company, fields=asked)
    if found.get("company", "") != company:
        raise invalid_id(kind.name, entity_id, company=company)
    return found


def existing(session: Session, kind: Kind, entity_ids: Iterable[str], *, company: str | None = None) -> set[str]:
    """Those of the ids that exist (in that company or public)."""
    table = table_of(kind.table)
    found: set[str] = set()
    for part in chunks(sorted(set(entity_ids))):
        query = select(table.c.id).where(table.c.id.in_(part))
        if company is not None:
            query = query.where(table.c.company.in_([company, ""]))
        found.update(session.execute(query).scalars())
    return found


def shown_by_id(kind: Kind) -> list[str]:
    """The fields that ``get_by_id`` answers: all but those that must be asked for, and the lists it adds."""
    return [name for name, field in kind.fields.items() if field.unasked or name in {"unique_metrics", "path"}]


def load(
    session: Session,
    kind: Kind,
    nums: Sequence[int],
    names: Collection[str],
    metric_keys: Collection[metric_rows.Key] | None = None,
) -> list[Document]:
    """The documents with those numbers, in that order, with the fields ``names`` only.

    ``metric_keys`` limits ``last_metrics`` to some (metric hash, variant hash).
    """
    wanted = [field for name, field in kind.fields.items() if name in set(names)]
    rows = _columns(session, kind, nums, wanted)
    values: dict[int, Document] = {num: dict(row) for num, row in rows.items()}
    _add_documents(session, kind, list(values), wanted, values)
    _add_metrics(session, kind, list(values), wanted, values, metric_keys)
    _add_entries(session, list(values), wanted, values)
    return [_ordered(wanted, values[num]) for num in nums if num in values]


def _columns(session: Session, kind: Kind, nums: Sequence[int], wanted: list[Field]) -> dict[int, Document]:
    names = tuple(field.name for field in wanted if field.storage is Storage.COLUMN)
    queued = any(field.storage is Storage.ENTRIES for field in wanted)
    query = _columns_query(table_of(kind.table), names, queued)
    keys = (*names, "_id") if queued else names
    found: dict[int, Document] = {}
    for part in chunks(list(nums)):
        for num, *values in session.execute(query, {"nums": part}):
            found[num] = dict(zip(keys, values, strict=True))
    return found


# building a statement costs more than executing it, so those of every reading are built once


@cache
def _columns_query(table: Table, names: tuple[str, ...], queued: bool) -> Select[Any]:
    with_id = [table.c.id.label("_id")] if queued else []
    columns = (table.c[name] for name in names)
    return select(table.c.num, *columns, *with_id).where(table.c.num.in_(bindparam("nums", expanding=True)))


@cache
def _documents_query(table: Table, names: tuple[str, ...]) -> Select[Any]:
    owned = table.c.owner.in_(bindparam("nums", expanding=True))
    return select(table.c.owner, table.c.field, table.c.value).where(owned, table.c.field.in_(names))


def _add_documents(session: Session, kind: Kind, nums: list[int], wanted: list[Field], values: dict[int, Document]) -> None:
    names = tuple(field.name for field in wanted if field.storage is Storage.DOCUMENT)
    if not names or kind.documents is None:
        return
    query = _documents_query(table_of(kind.documents), names)
    for part in chunks(nums):
        for owner, name, value in session.execute(query, {"nums": part}):
            values[owner][name] = msgspec.json.decode(value)


def _add_metrics(
    session: Session,
    kind: Kind,
    nums: list[int],
    wanted: list[Field],
    values: dict[int, Document],
    keys: Collection[metric_rows.Key] | None,
) -> None:
    names = {field.name for field in wanted if field.storage is Storage.METRICS}
    if not names:
        return
    only = None if "unique_metrics" in names else keys
    for owner, last in metric_rows.read_metrics(session, kind, nums, only).items():
        values[owner]["last_metrics"] = last
        values[owner]["unique_metrics"] = metric_rows.unique_metrics(last)


def _add_entries(session: Session, nums: list[int], wanted: list[Field], values: dict[int, Document]) -> None:
    if not any(field.storage is Storage.ENTRIES for field in wanted):
        return
    by_id = {values[num]["_id"]: values[num] for num in nums}
    table = table_of(QueueEntry)
    for part in chunks(list(by_id)):
        query = select(table.c.queue, table.c.task, table.c.added).where(table.c.queue.in_(part))
        for queue, task, added in session.execute(query.order_by(table.c.position, table.c.num)):
            by_id[queue].setdefault("entries", []).append({"task": task, "added": added})


def _ordered(wanted: list[Field], values: Document) -> Document:
    document: Document = {}
    for field in wanted:
        value = values.get(field.name)
        if value is None and field.empty is not None:
            value = field.empty()
        if value is not None:
            document[field.name] = value
    return document


def to_document(kind: Kind, entity: Any) -> Document:
    """The flat part of an ORM entity as the protocol's JSON: unset scalars are left out, lists are there even if empty."""
    flat = {field.name: getattr(entity, field.name) for field in kind.column_fields()}
    return _ordered(kind.column_fields(), flat)


def insert(session: Session, kind: Kind, document: Document, *, by: str | None = None) -> str:
    """Store a new document and give back its id (a new one unless given).

    ``created``, ``last_update`` and ``last_change`` become now unless given, ``last_changed_by`` becomes ``by``;
    nested documents that were not given get their defaults. Unknown top names are an error of the caller.
    """
    _check_names(document)
    full = _with_defaults(kind, document, by)
    unknown = full.keys() - kind.fields.keys() - set(table_of(kind.table).c.keys())
    if unknown:
        raise ValueError(f"{kind.plural} have no fields {sorted(unknown)}")
    table = table_of(kind.table)
    row = {name: value for name, value in full.items() if name in table.c and value is not None}
    for column in ("tags", "system_tags"):
        if column in table.c:
            row.setdefault(column, [])
    entity = kind.table(**row)
    session.add(entity)
    session.flush()
    owner: int = entity.num  # type: ignore[attr-defined]
    _insert_documents(session, kind, owner, full)
    if full.get("last_metrics"):
        metric_rows.write_metrics(session, kind, owner, full["last_metrics"])
    flattened = [field for field in kind.fields.values() if field.flatten and field.name in full]
    insert_values(session, kind, owner, (row for field in flattened for row in rows_of(field, full[field.name]).elements()))
    return str(full["id"])


def _check_names(document: Document) -> None:
    for field in LIMITED:
        value = document.get(field)
        if isinstance(value, str) and len(value) > NAME_LIMIT:
            raise validation(field, f"longer than {NAME_LIMIT} characters")


def _with_defaults(kind: Kind, document: Document, by: str | None) -> Document:
    now = clock.now()
    full: Document = {"id": ids.new_id(), **document}
    for name in ("created", "last_update", "last_change"):
        if name in kind.fields and full.get(name) is None:
            full[name] = now
    if by is not None and "last_changed_by" in kind.fields:
        full["last_changed_by"] = by
    for field in kind.document_fields():
        if field.unasked and full.get(field.name) is None and field.empty is not None:
            full[field.name] = field.empty()
    return full


def _insert_documents(session: Session, kind: Kind, owner: int, full: Document) -> None:
    if kind.documents is None:
        return
    rows = [
        {"owner": owner, "field": field.name, "value": encode(full[field.name])}
        for field in kind.document_fields()
        if full.get(field.name) is not None
    ]
    if rows:
        session.execute(sql_insert(table_of(kind.documents)), rows)


def update(
    session: Session,
    kind: Kind,
    entity_id: str,
    changes: Document,
    *,
    by: str | None = None,
    tells: bool | None = None,
    expected: Document | None = None,
) -> Document:
    """Change fields of one document in place; give back what was written, or ``{}`` when nothing was.

    A key is a top name (its value replaces the old one whole) or a dotted, escaped path into a nested document
    (``execution.queue``). ``None`` takes a scalar or a key away. ``expected`` are columns that must still have these
    values, else nothing is written: ask again or raise 400/121.
    ``last_change`` becomes now and ``last_changed_by`` becomes ``by``; ``last_update`` becomes now when the change is one of
    data (``tells``; by default as the fields say). Other fields of the document are not touched, so two units of work
    that change different fields do not overwrite each other.
    """
    if not changes:
        return {}
    _check_names(changes)
    written = _with_times(kind, changes, by, tells)
    table = table_of(kind.table)
    tops = {name: value for name, value in written.items() if name in table.c}
    condition = [table.c.id == entity_id, *_conditions(table, expected or {})]
    num = session.execute(select(table.c.num).where(table.c.id == entity_id)).scalar()
    if num is None or not changed_rows(session, sql_update(table).where(*condition).values(tops or {"id": entity_id})):
        return {}
    whole = {name: value for name, value in written.items() if name in kind.fields}
    whole.update(_changed_documents(session, kind, num, written))
    _write_documents(session, kind, num, whole)
    if "last_metrics" in whole:
        metric_rows.write_metrics(session, kind, num, whole["last_metrics"] or {})
    replace_values(session, kind, num, whole)
    session.expire_all()
    return written


def _conditions(table: Any, expected: Document) -> list[Any]:
    return [table.c[name].is_(None) if value is None else table.c[name] == value for name, value in expected.items()]


def _with_times(kind: Kind, changes: Document, by: str | None, tells: bool | None) -> Document:
    written = dict(changes)
    now = clock.now()
    tops = {path.split(".", 1)[0] for path in changes}
    known = [kind.fields[name] for name in tops if name in kind.fields]
    if "last_change" in kind.fields:
        written.setdefault("last_change", now)
        if by is not None:
            written.setdefault("last_changed_by", by)
    if "last_update" in kind.fields and (any(field.tells for field in known) if tells is None else tells):
        written.setdefault("last_update", now)
    unknown = [name for name in tops if name not in kind.fields and name not in table_of(kind.table).c]
    if unknown:
        raise ValueError(f"{kind.plural} have no fields {sorted(unknown)}")
    return written


def _changed_documents(session: Session, kind: Kind, num: int, written: Document) -> Document:
    nested = {path: value for path, value in written.items() if "." in path}
    tops = sorted({path.split(".", 1)[0] for path in nested})
    if not tops:
        return {}
    current = load(session, kind, [num], tops)[0]
    changed: Document = {name: deepcopy(written.get(name, current.get(name, {}))) for name in tops}
    for path, value in nested.items():
        top, *rest = paths.split(path)
        set_path(changed[top], rest, value)
    return changed


def set_path(document: Document, segments: Sequence[str], value: Any) -> None:
    """Set (or with None take away) the value at ``segments`` below ``document``; missing dicts on the way are made."""
    *way, last = segments
    for segment in way:
        below = document.get(segment)
        if not isinstance(below, dict):
            below = document[segment] = {}
        document = below
    if value is None:
        document.pop(last, None)
    else:
        document[last] = value


def _write_documents(session: Session, kind: Kind, num: int, whole: Document) -> None:
    if kind.documents is None:
        return
    table = table_of(kind.documents)
    for name, value in whole.items():
        if kind.fields[name].storage is not Storage.DOCUMENT:
            continue
        if value is None and (empty := kind.fields[name].empty) is not None:
            value = empty()
        where = (table.c.owner == num, table.c.field == name)
        if not changed_rows(session, sql_update(table).where(*where).values(value=encode(value))):
            session.execute(sql_insert(table).values(owner=num, field=name, value=encode(value)))


def delete(session: Session, kind: Kind, entity_ids: Iterable[str]) -> int:
    """Delete documents with everything that hangs on them in side tables; give back how many there were."""
    table = table_of(kind.table)
    gone = 0
    for part in chunks(sorted(set(entity_ids))):
        gone += changed_rows(session, sql_delete(table).where(table.c.id.in_(part)))
    session.expire_all()
    return gone


def touch_projects(session: Session, project_ids: Iterable[str | None], moment: datetime | None = None) -> None:
    """Move ``last_update`` of projects: their tasks or models changed."""
    table = table_of(Project)
    found = sorted({project for project in project_ids if project})
    if found:
        session.execute(sql_update(table).where(table.c.id.in_(found)).values(last_update=moment or clock.now()))
