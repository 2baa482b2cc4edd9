"""Changes of the tree of projects: new names, other places, merging. Inside a unit of work."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import MODEL, PROJECT, TASK, Kind, Project, table_of
from trackyard.core.errors import ApiError
from trackyard.core.identity import Identity
from trackyard.core.store import Document
from trackyard.core.store.documents import NAME_LIMIT
from trackyard.core.store.projects import DEPTH_LIMIT
from trackyard.core.store.values import chunks

FIELDS = ("id", "name", "basename", "parent", "path")


@dataclass(frozen=True)
class Merged:
    """How many tasks and models, and how many projects, went to the destination."""

    entities: int
    projects: int


def own(session: Session, identity: Identity, project: str) -> Document:
    """The place of a project of the company; raises 400/401."""
    return store.require_own(session, PROJECT, project, company=identity.company, fields=FIELDS)


def rename(session: Session, identity: Identity, project: str, name: str) -> Document:
    """Give a project another last segment; the fields to write on it. Its descendants are renamed with it.

    Raises 400/408 when the new name would put it elsewhere, 400/407, 409, 414, 800 and 801 as `store.create_project`.
    """
    found = own(session, identity, project)
    wanted = store.clean_project_name(name)
    if wanted == found["name"]:
        return {}
    above, _, basename = wanted.rpartition("/")
    if above != found["name"].rpartition("/")[0]:
        raise ApiError(400, 408, "Cannot update project location; use projects.move", name=wanted, present=found["name"])
    store.refuse_taken_name(session, identity.company, wanted)
    _rename_descendants(session, found, wanted, _below(session, found))
    return {"name": wanted, "basename": basename}


def move(session: Session, identity: Identity, project: str, new_location: str) -> int:
    """Put a project with all below it under another one, which is made if need be ("" is the root); how many moved.

    Raises 400/410 when it is there already, 400/411 when that is below itself, and 400/409, 414, 801.
    """
    found = own(session, identity, project)
    location = store.clean_project_name(new_location) if new_location.strip(" /") else ""
    if location == found["name"].rpartition("/")[0]:
        raise ApiError(400, 410, "Project's source and destination are the same", project=project, location=location)
    if f"{location}/".startswith(f"{found['name']}/"):
        raise ApiError(400, 411, "Project cannot be moved under itself", project=project, location=location)
    parent = own(session, identity, store.ensure_project(session, identity, location)) if location else None
    moved = _place(session, identity, found, parent)
    store.touch_projects(session, [project, found.get("parent"), parent["id"] if parent else None])
    return moved


def merge(session: Session, identity: Identity, project: str, destination: str | None) -> Merged:
    """Put everything of a project into another one (None: the root) and remove the emptied project.

    Raises 400/410 for the project itself, 400/412 for one below it, and 400/409, 801 for the projects that move.
    """
    source = own(session, identity, project)
    below = [own(session, identity, child) for child in _children(session, project)]
    target = own(session, identity, destination) if destination else None
    if project == destination:
        raise ApiError(400, 410, "Project's source and destination are the same", project=project)
    if target and project in target["path"]:
        raise ApiError(400, 412, "Project cannot be merged into its child", project=project, destination=destination)
    entities = sum(_move_entities(session, kind, project, destination) for kind in (TASK, MODEL))
    store.delete(session, PROJECT, [project])
    moved = sum(_place(session, identity, child, target) for child in below)
    store.touch_projects(session, [source.get("parent"), destination])
    return Merged(entities, moved)


def _children(session: Session, project: str) -> list[str]:
    table = table_of(Project)
    return list(session.execute(select(table.c.id).where(table.c.parent == project).order_by(table.c.num)).scalars())


def _move_entities(session: Session, kind: Kind, project: str, destination: str | None) -> int:
    table = table_of(kind.table)
    count = session.execute(select(func.count()).where(table.c.project == project)).scalar() or 0
    session.execute(update(table).where(table.c.project == project).values(project=destination))
    return count


def _place(session: Session, identity: Identity, found: Document, parent: Document | None) -> int:
    """Put a project below ``parent`` with all that is below it; how many projects moved."""
    name = f"{parent['name']}/{found['basename']}" if parent else found["basename"]
    below = _below(session, found)
    depth = name.count("/") + 1 + max((len(child["path"]) for child in below), default=len(found["path"])) - len(found["path"])
    if depth > DEPTH_LIMIT:
        raise ApiError(400, 409, "Project path exceeds the maximum depth", depth=depth, maximum=DEPTH_LIMIT)
    store.refuse_taken_name(session, identity.company, name)
    lineage = [*parent["path"], parent["id"]] if parent else []
    place = {"name": name, "parent": parent["id"] if parent else None, "path": lineage}
    store.update(session, PROJECT, found["id"], place)
    _rename_descendants(session, found, name, below)
    for child in below:
        path = child["path"]
        store.update(session, PROJECT, child["id"], {"path": [*lineage, *path[path.index(found["id"]) :]]})
    return 1 + len(below)


def _below(session: Session, found: Document) -> list[Document]:
    """All projects below one, those with shorter names first."""
    table = table_of(Project)
    rows: list[Document] = []
    for part in chunks(store.descendants(session, [found["id"]])):
        query = select(table.c.id, table.c.name, table.c.path).where(table.c.id.in_(part))
        rows += [dict(row) for row in session.execute(query).mappings()]
    return sorted(rows, key=lambda row: (len(row["name"]), row["name"]))


def _rename_descendants(session: Session, found: Document, name: str, below: list[Document]) -> None:
    """Give all below ``found`` names that begin with its new one: shorter ones first, so that none is taken meanwhile."""
    if not below:
        return
    table, start = table_of(Project), len(found["name"])
    longest = len(name) + max(len(child["name"]) for child in below) - start
    if longest > NAME_LIMIT:
        raise ApiError(400, 800, "Validation error (the name of a project below would be too long)", maximum=NAME_LIMIT)
    renamed = [{"one": child["id"], "new": name + child["name"][start:]} for child in below]
    session.execute(update(table).where(table.c.id == bindparam("one")).values(name=bindparam("new")), renamed)
    session.expire_all()
