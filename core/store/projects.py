"""The tree of projects: names ``a/b/c``, whose parents come into being when they are needed.

``name`` is the whole path of names, ``parent`` the id of the project above, ``path`` the ids of all projects above from
the root down. Everything here runs inside a unit of work.
"""

from collections.abc import Iterable

from sqlalchemy import select
from sqlmodel import Session
from trackyard.core.entities.fields import table_of
from trackyard.core.entities.project import PROJECT, Project
from trackyard.core.errors import ApiError, missing_fields
from trackyard.core.identity import Identity
from trackyard.core.store.documents import NAME_LIMIT, Document, insert, require, require_own
from trackyard.core.store.values import chunks

DEPTH_LIMIT = 10
NAME_MINIMUM = 3


def checked_name(name: str, kind: str = "object") -> str:
    """A name without blanks around it; raises 400/800 when it is shorter than three characters."""
    found = name.strip()
    if len(found) < NAME_MINIMUM:
        raise ApiError(400, 800, f"Validation error (the name of a {kind} needs at least 3 characters)", name=found)
    return found


def clean_project_name(name: str) -> str:
    """The name of a project without empty segments and blanks around segments.

    Raises 400/407 when nothing is left, 400/800 when it is too short or too long, 400/409 when it is too deep.
    """
    segments = [segment for part in name.split("/") if (segment := part.strip())]
    if not segments:
        raise ApiError(400, 407, "Invalid project name", name=name)
    if len(segments) > DEPTH_LIMIT:
        raise ApiError(400, 409, "Project path exceeds the maximum depth", depth=len(segments), maximum=DEPTH_LIMIT)
    found = checked_name("/".join(segments), "project")
    if len(found) > NAME_LIMIT:
        raise ApiError(400, 800, "Validation error (the name of a project is too long)", maximum=NAME_LIMIT)
    return found


def project_named(session: Session, company: str, name: str) -> str | None:
    """The id of the company's project of exactly that (clean) name."""
    table = table_of(Project)
    found: str | None = session.execute(select(table.c.id).where(table.c.company == company, table.c.name == name)).scalar()
    return found


def refuse_taken_name(session: Session, company: str, name: str) -> None:
    """Raise 400/801 when the company has a project of that name, 400/414 when a public one has it."""
    if project_named(session, company, name):
        raise ApiError(400, 801, "Value combination already exists (unique field already contains this value)", name=name)
    if company and project_named(session, "", name):
        raise ApiError(400, 414, "Cannot create project: a public project of that name exists", name=name)


def create_project(session: Session, identity: Identity, name: str, values: Document | None = None) -> str:
    """A new project with its missing parents; the name is cleaned. Raises 400/407, 409, 414, 800, 801."""
    cleaned = clean_project_name(name)
    refuse_taken_name(session, identity.company, cleaned)
    return _insert(session, identity, cleaned, values or {})


def ensure_project(session: Session, identity: Identity, name: str, values: Document | None = None) -> str:
    """The id of the project of that name, which is made with its parents (and ``values``) when there is none."""
    cleaned = clean_project_name(name)
    found = project_named(session, identity.company, cleaned)
    return found or create_project(session, identity, cleaned, values)


def chosen_project(session: Session, identity: Identity, body: Document) -> str | None:
    """The project that a request names by ``project`` (an id; an explicit null is the root) or ``project_name``.

    Raises 400/11 when it names none, 400/401 when there is no project of that id in the company.
    """
    name, project = body.get("project_name"), body.get("project")
    if name:
        return ensure_project(session, identity, str(name))
    if project:
        require_own(session, PROJECT, str(project), company=identity.company, fields=())
        return str(project)
    if "project" not in body:
        raise missing_fields("project", "project_name")
    return None


def _insert(session: Session, identity: Identity, name: str, values: Document) -> str:
    above, _, basename = name.rpartition("/")
    parent = _ensure_parent(session, identity, above) if above else None
    lineage = [*parent["path"], parent["id"]] if parent else []
    document = {
        **values,
        "company": identity.company,
        "user": identity.user,
        "name": name,
        "basename": basename,
        "path": lineage,
    }
    if parent:
        document["parent"] = parent["id"]
    return insert(session, PROJECT, document)


def _ensure_parent(session: Session, identity: Identity, name: str) -> Document:
    found = project_named(session, identity.company, name) or _insert(session, identity, name, {"description": ""})
    return require(session, PROJECT, found, fields=("id", "path"))


def descendants(session: Session, project_ids: Iterable[str]) -> list[str]:
    """The ids of all projects below the given ones, at any depth."""
    table, wanted = table_of(Project), set(project_ids)
    level, found = sorted(wanted), set[str]()
    while level:
        below: set[str] = set()
        for part in chunks(level):
            below.update(session.execute(select(table.c.id).where(table.c.parent.in_(part))).scalars())
        level = sorted(below - found)
        found |= below
    return sorted(found - wanted)


def with_descendants(session: Session, project_ids: Iterable[str]) -> list[str]:
    """The given ids and those of all projects below them."""
    given = set(project_ids)
    return sorted({*given, *descendants(session, given)})
