"""Conditions on projects by their place in the tree and by what they hold."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, or_, select
from sqlmodel import Session
from trackyard.core.entities.fields import Kind, table_of
from trackyard.core.entities.model import MODEL
from trackyard.core.entities.project import Project
from trackyard.core.entities.task import TASK
from trackyard.core.entities.values import FieldPath, ProjectValue
from trackyard.core.identity import Identity
from trackyard.core.query.conditions import Condition, Translator

Projects = Select[Any]
"""A statement that gives ids of projects."""


def at_or_below(projects: Sequence[str]) -> Condition:
    """Projects that are among the given ones or below one of them."""
    project, value = table_of(Project), table_of(ProjectValue)
    owners = select(value.c.owner).where(value.c.path == _path_number(), value.c.text.in_(projects))
    return or_(project.c.id.in_(projects), project.c.num.in_(owners))


def above(children: Projects) -> Condition:
    """Projects below which there is one of ``children``."""
    project, value = table_of(Project), table_of(ProjectValue)
    nums = select(project.c.num).where(project.c.id.in_(children)).correlate(None)
    return project.c.id.in_(select(value.c.text).where(value.c.path == _path_number(), value.c.owner.in_(nums)))


def at_or_above(children: Projects) -> Condition:
    """Projects that are one of ``children`` or above one of them."""
    return or_(table_of(Project).c.id.in_(children), above(children))


def places(session: Session, kind: Kind, body: dict[str, Any], identity: Identity) -> Projects:
    """The projects that hold tasks (or models) that the filters find; for projects, those themselves."""
    table = table_of(kind.table)
    column: ColumnElement[str] = table.c.id if kind.table is Project else table.c.project
    return select(column).where(*Translator(session, kind).all(body, identity)).correlate(None)


def of_users(session: Session, users: Sequence[str], identity: Identity) -> Condition:
    """Projects that hold, in them or below, a task or a model of one of the users."""
    body = {"user": list(users), "search_hidden": True}
    return or_(*(at_or_above(places(session, kind, body, identity)) for kind in (TASK, MODEL)))


def _path_number() -> ScalarSelect[int | None]:
    path = table_of(FieldPath)
    return select(path.c.num).where(path.c.path == "path").scalar_subquery()
