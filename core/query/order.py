"""Order of results: ``order_by`` becomes sort keys. What lacks a key comes last, ties are broken by id."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op
from sqlmodel import Session
from trackyard.core.entities import KINDS, paths
from trackyard.core.entities.fields import Kind, table_of
from trackyard.core.errors import unknown_field, validation
from trackyard.core.query import sql
from trackyard.core.query.targets import ColumnTarget, MetricTarget, Target, ValueTarget, resolve

MOST_KEYS = 10
TEXT_SCORE = "@text_score"
"""Accepted and without meaning: a text search does not weigh its results."""


@dataclass(frozen=True)
class Key:
    """One sort key. A list of expressions because a value sorts by its number first and its text second."""

    target: Target | None
    expressions: tuple[ColumnElement[Any], ...]
    descending: bool
    nullable: bool = True

    def clauses(self, *, indexed: bool = True) -> list[UnaryExpression[Any]]:
        """The key in an ORDER BY; not ``indexed`` keeps SQLite from following an index."""
        return [self._clause(expression if indexed else _computed(expression)) for expression in self.expressions]

    def _clause(self, expression: ColumnElement[Any]) -> UnaryExpression[Any]:
        ordered = expression.desc() if self.descending else expression.asc()
        return ordered.nulls_last() if self.nullable else ordered


def _computed(expression: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same value, but to SQLite no longer a column."""
    return UnaryExpression(expression, operator=custom_op("+"))


def parse(session: Session, kind: Kind, given: Any) -> list[Key]:
    """The sort keys of ``order_by``; an unknown field is 400/14."""
    names: list[str] = list(given) if isinstance(given, (list, str)) else []
    if not isinstance(given, (list, str, type(None))) or not all(isinstance(name, str) for name in names):
        raise validation("order_by", "a list of field names is expected")
    if len(names) > MOST_KEYS:
        raise validation("order_by", f"more than {MOST_KEYS} keys")
    return [_key(session, kind, name) for name in names if name.lstrip("-") != TEXT_SCORE]


def _key(session: Session, kind: Kind, name: str) -> Key:
    descending, plain = name.startswith("-"), name.removeprefix("-")
    segments = paths.split(plain)
    field = kind.fields.get(segments[0])
    if field is not None and field.refers and len(segments) > 1:
        return Key(None, (_referred(kind, segments),), descending)
    target = resolve(session, kind, plain)
    table = table_of(kind.table)
    if isinstance(target, ColumnTarget):
        column = sql.milliseconds(target.column) if target.field.date else target.column
        return Key(target, (column,), descending, nullable=bool(table.c[target.field.name].nullable))
    if isinstance(target, MetricTarget):
        known = target.table.c.name == target.name if target.name is not None else literal(False)
        value = select(target.column).where(target.table.c.owner == table.c.num, known).correlate(table).scalar_subquery()
        return Key(target, (value,), descending)
    return Key(target, tuple(_lowest(target, table, column) for column in ("number", "text")), descending)


def _lowest(target: ValueTarget, table: Any, column: str) -> ColumnElement[Any]:
    rows = target.table.c
    query = select(func.min(rows[column])).where(rows.owner == table.c.num, rows.path.in_(target.paths))
    return query.correlate(table).scalar_subquery()


def _referred(kind: Kind, segments: tuple[str, ...]) -> ColumnElement[Any]:
    """A column of the object that a reference points to, such as ``project.name``."""
    field = kind.fields[segments[0]]
    other = KINDS.get(field.refers or "")
    below = other.fields.get(segments[1]) if other and len(segments) == 2 else None
    if other is None or below is None or below.name not in table_of(other.table).c or below.tags:
        raise unknown_field(".".join(segments))
    referred = table_of(other.table).alias()
    column = referred.c[below.name]
    return (
        select(column)
        .where(referred.c.id == table_of(kind.table).c[field.name])
        .correlate(table_of(kind.table))
        .scalar_subquery()
    )


def leading(keys: list[Key]) -> ValueTarget | MetricTarget | None:
    """The side table that the first key sorts by, when each entity has at most one row there."""
    if not keys:
        return None
    target = keys[0].target
    if isinstance(target, MetricTarget) and target.name is not None:
        return target
    return target if isinstance(target, ValueTarget) and target.single and len(target.paths) == 1 else None
