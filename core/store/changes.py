"""Changes that several kinds of objects have in common: tags, being public. Inside a unit of work."""

from collections.abc import Iterable

from sqlalchemy import UniqueConstraint, select
from sqlmodel import Session
from trackyard.core.entities.fields import Kind, table_of
from trackyard.core.errors import ApiError, invalid_id
from trackyard.core.identity import Identity
from trackyard.core.store.documents import Document, require_own, update
from trackyard.core.store.values import chunks

ARCHIVED = "archived"
"""The system tag of what is archived."""


def change_tags(
    session: Session,
    kind: Kind,
    entity_ids: Iterable[str],
    identity: Identity,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    field: str = "tags",
) -> int:
    """Add tags to objects of the company and remove others; how many objects changed. Unknown ids are passed over."""
    added, removed = set(add), set(remove)
    changed = 0
    for entity_id, tags in _tags(session, kind, entity_ids, identity.company, field).items():
        wanted = (tags | added) - removed
        if wanted != tags:
            changed += bool(update(session, kind, entity_id, {field: sorted(wanted)}, by=identity.user))
    return changed


def _tags(session: Session, kind: Kind, entity_ids: Iterable[str], company: str, field: str) -> dict[str, set[str]]:
    table = table_of(kind.table)
    found: dict[str, set[str]] = {}
    for part in chunks(sorted(set(entity_ids))):
        rows = session.execute(select(table.c.id, table.c[field]).where(table.c.id.in_(part), table.c.company == company))
        found.update((entity_id, set(tags)) for entity_id, tags in rows)
    return found


def archive(session: Session, kind: Kind, entity_id: str, identity: Identity) -> bool:
    """Archive one object; False when it was archived already. Raises "Invalid … id"."""
    require_own(session, kind, entity_id, company=identity.company, fields=())
    return bool(change_tags(session, kind, [entity_id], identity, add=[ARCHIVED], field="system_tags"))


def unarchive(session: Session, kind: Kind, entity_id: str, identity: Identity) -> bool:
    """Bring one object back from the archive; False when it was not there. Raises "Invalid … id"."""
    require_own(session, kind, entity_id, company=identity.company, fields=())
    return bool(change_tags(session, kind, [entity_id], identity, remove=[ARCHIVED], field="system_tags"))


def make_public(session: Session, kind: Kind, entity_ids: Iterable[str], identity: Identity) -> int:
    """Show objects of the company to everybody, read-only; how many changed. Raises "Invalid … id"."""
    wanted = sorted(set(entity_ids))
    for entity_id in wanted:
        found = require_own(session, kind, entity_id, company=identity.company, fields=("name",))
        _refuse_taken(session, kind, "", found)
        update(session, kind, entity_id, {"company": "", "company_origin": identity.company}, by=identity.user, tells=False)
    return len(wanted)


def make_private(session: Session, kind: Kind, entity_ids: Iterable[str], identity: Identity) -> int:
    """Take public objects back to the company that they came from; how many changed. Raises "Invalid … id"."""
    wanted = sorted(set(entity_ids))
    for entity_id in wanted:
        found = _require_public(session, kind, entity_id, identity)
        _refuse_taken(session, kind, identity.company, found)
        update(session, kind, entity_id, {"company": identity.company, "company_origin": None}, by=identity.user, tells=False)
    return len(wanted)


def _require_public(session: Session, kind: Kind, entity_id: str, identity: Identity) -> Document:
    table = table_of(kind.table)
    query = select(table.c.name).where(table.c.id == entity_id, table.c.company == "", table.c.company_origin == identity.company)
    row = session.execute(query).first()
    if row is None:
        raise invalid_id(kind.name, entity_id, company=identity.company)
    return {"name": row.name}


def _refuse_taken(session: Session, kind: Kind, company: str, found: Document) -> None:
    """Names of projects and queues are unique in a company; other names may be shared."""
    table = table_of(kind.table)
    unique = [{column.name for column in one.columns} for one in table.constraints if isinstance(one, UniqueConstraint)]
    if {"company", "name"} in unique:
        query = select(table.c.id).where(table.c.company == company, table.c.name == found["name"])
        if session.execute(query).first():
            raise ApiError(400, 801, "Value combination already exists", name=found["name"])
