"""Find the numbers of the entities that a request asks for, in their order, one part at a time.

When the first sort key lies in a side table, two steps are made: first the entities that have the key, along the index of
the side table, then those that lack it. A scroll goes on after the sort values of its last row, so that a deep one costs
no more than the first.

On SQLite an index that gives the order is followed for a short way only: when the part is not full by then, matches are
rare, and reading the whole table in its own order and sorting what is left is far quicker than to go on.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select
from sqlmodel import Session
from trackyard.core.entities.fields import Kind, table_of
from trackyard.core.query import order
from trackyard.core.query.order import Key
from trackyard.core.query.pages import Window
from trackyard.core.query.targets import ColumnTarget, MetricTarget, ValueTarget

Condition = ColumnElement[bool]
NEAR = 3000
"""How many entries of an index are looked through before the whole table is."""


class Finder:
    """Finds the entities of one kind that fulfil the conditions, in the order of the keys."""

    def __init__(self, session: Session, kind: Kind, conditions: Sequence[Condition], keys: list[Key]) -> None:
        """Without keys the order is that of creation."""
        self.session = session
        self.table = table_of(kind.table)
        self.conditions = list(conditions)
        self.keys = keys
        self.lead = order.leading(keys)
        tie = self.table.c.id if keys else self.table.c.num
        self.tie = Key(None, (tie,), descending=False, nullable=False)

    def count(self) -> int:
        """How many there are."""
        found = self.session.execute(select(func.count()).select_from(self.table).where(*self.conditions)).scalar()
        return found or 0

    def every_id(self) -> list[str]:
        """The ids of all, in order."""
        steps = [query.with_only_columns(self.table.c.id) for query, _ in self._steps()]
        return [row[0] for query in steps for row in self.session.execute(query)]

    def part(self, window: Window) -> tuple[list[int], list[Any] | None]:
        """The numbers of one part, and the sort values of its last row (None if it is empty)."""
        after = window.scroll.after if window.scroll else None
        rows: list[Any] = []
        last: list[Any] | None = None
        skip = window.offset
        for number, (query, keys) in enumerate(self._steps()):
            if after is not None and number < after[0]:
                continue
            values = after[1] if after is not None and number == after[0] else None
            if values is not None:
                query = query.where(beyond(keys, values))
            found = self._rows(query, keys, values, window.limit - len(rows), skip)
            rows += found
            if found:
                last = [number, list(found[-1][1:])]
            if len(rows) >= window.limit:
                break
            skip = self._skipped(query, skip, bool(found))
        return [row[0] for row in rows], last

    def _rows(self, query: Select[Any], keys: list[Key], values: list[Any] | None, limit: int, skip: int) -> list[Any]:
        """The rows of one query: first near the beginning of the order, then anywhere."""
        if skip or not self._has_index(keys[0]):
            return list(self.session.execute(query.limit(limit).offset(skip)))
        expression, descending = keys[0].expressions[0], keys[0].descending
        near = self._near(expression, descending, self._edge(expression, descending, values))
        found = list(self.session.execute(query.where(near).limit(limit)))
        if len(found) >= limit:
            return found
        clauses = [clause for key in keys for clause in key.clauses(indexed=False)]
        return list(self.session.execute(query.order_by(None).order_by(*clauses).limit(limit)))

    @staticmethod
    def _near(expression: ColumnElement[Any], descending: bool, edge: Any) -> Condition:
        """The rows up to the edge; without one, those that have the key at all."""
        if edge is None:
            return expression.is_not(None)
        near: Condition = expression >= edge if descending else expression <= edge
        return near

    def _has_index(self, key: Key) -> bool:
        """Whether the order of a key is that of an index, on a database that would follow it to its end."""
        if self.session.get_bind().dialect.name != "sqlite" or not isinstance(key.target, ColumnTarget):
            return False
        name = key.target.field.name
        return any(index.columns[0].name == name for index in self.table.indexes if len(index.columns))

    def _edge(self, expression: ColumnElement[Any], descending: bool, values: list[Any] | None) -> Any:
        """The value that lies ``NEAR`` entries further on in the index, or None when it ends before."""
        query = select(expression).order_by(expression.desc() if descending else expression.asc()).limit(1).offset(NEAR)
        query = query.where(expression.is_not(None))
        if values is not None and values[0] is not None:
            query = query.where(expression <= values[0] if descending else expression >= values[0])
        return self.session.execute(query).scalar()

    def _skipped(self, query: Select[Any], skip: int, found: bool) -> int:
        """What is left of the offset for the next step."""
        if not skip or found:
            return 0
        here = self.session.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar() or 0
        return max(0, skip - here)

    def _steps(self) -> list[tuple[Select[Any], list[Key]]]:
        """The queries to run one after the other, each with the keys that it sorts by."""
        if self.lead is None:
            return [self._step(select(), self.table, self.keys, [])]
        first = Key(None, self._lead_columns(self.lead), self.keys[0].descending, nullable=False)
        rows = self.lead.table
        joined = rows.join(self.table, self.table.c.num == rows.c.owner)
        inside = self._lead_conditions(self.lead)
        missing = self.table.c.num.not_in(self.lead.owners())
        return [
            self._step(select(), joined, [first, *self.keys[1:]], inside),
            self._step(select(), self.table, self.keys[1:], [missing]),
        ]

    def _step(
        self, query: Select[Any], source: Any, keys: list[Key], conditions: list[Condition]
    ) -> tuple[Select[Any], list[Key]]:
        every = [*keys, self.tie]
        columns = [expression for key in every for expression in key.expressions]
        clauses = [clause for key in every for clause in key.clauses()]
        query = query.add_columns(self.table.c.num, *columns).select_from(source)
        return query.where(*conditions, *self.conditions).order_by(*clauses), every

    @staticmethod
    def _lead_columns(lead: ValueTarget | MetricTarget) -> tuple[ColumnElement[Any], ...]:
        if isinstance(lead, MetricTarget):
            return (lead.column,)
        return (lead.table.c.number, lead.table.c.text)

    @staticmethod
    def _lead_conditions(lead: ValueTarget | MetricTarget) -> list[Condition]:
        if isinstance(lead, MetricTarget):
            return [lead.table.c.name == lead.name, lead.column.is_not(None)]
        return [lead.table.c.path == lead.paths[0]]


def beyond(keys: list[Key], values: Sequence[Any]) -> Condition:
    """The rows that come after the row with these sort values: the first differing key is behind."""
    flat = [(expression, key.descending) for key in keys for expression in key.expressions]
    alternatives: list[Condition] = []
    same: list[Condition] = []
    for (expression, descending), value in zip(flat, values, strict=True):
        if value is not None:
            behind = expression < value if descending else expression > value
            alternatives.append(and_(*same, or_(behind, expression.is_(None))))
        same.append(expression.is_(None) if value is None else expression == value)
    found = or_(literal(False), *alternatives)
    expression, descending = flat[0]
    if values[0] is None:
        return found
    # implied by the alternatives; said again because an index can begin there
    start = expression <= values[0] if descending else expression >= values[0]
    return and_(start, found) if not keys[0].nullable else and_(or_(start, expression.is_(None)), found)
