"""Filters of a request become conditions of SQL (see the query language in the documentation)."""

import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, not_, or_, true
from sqlmodel import Session
from trackyard.core.contracts.metadata import Dialect
from trackyard.core.entities.fields import Field, Filter, Kind, Storage, table_of
from trackyard.core.entities.project import PROJECT
from trackyard.core.errors import ApiError, bad_value, validation
from trackyard.core.identity import Identity
from trackyard.core.query import dates, lists, patterns, sql
from trackyard.core.query.targets import ColumnTarget, MetricTarget, Target, ValueTarget, list_values, resolve
from trackyard.core.store.projects import descendants
from trackyard.core.store.values import value_number, value_text

Condition = ColumnElement[bool]
MULTI_FIELD = {"_any_": or_, "_or_": or_, "_all_": and_, "_and_": and_}
MOST_VALUES = 20_000
"""How many values one filter may list."""
MOST_TERMS = 300
MANY_TAGS = 9


class Translator:
    """Turns the filters of one request for one kind of entity into conditions."""

    def __init__(self, session: Session, kind: Kind) -> None:
        """The session is used to look up paths and projects."""
        self.session = session
        self.kind = kind
        self.table = table_of(kind.table)
        self.dialect: Dialect = "sqlite" if session.get_bind().dialect.name == "sqlite" else "postgresql"

    def all(self, body: dict[str, Any], identity: Identity) -> list[Condition]:
        """Every condition of the request: who may see what, what is hidden, and all filters."""
        found: list[Condition] = []
        for name, given in body.items():
            if given is not None:
                found += self.by_name(name, given, body)
        self._limit("filters", len(found))
        return [*found, *self.hidden(body), self.visible(body, identity)]

    def visible(self, body: dict[str, Any], identity: Identity) -> Condition:
        """Objects of the caller's company and, unless refused, public ones."""
        own_only = body.get("allow_public") is False or body.get("non_public") is True
        companies = [identity.company] if own_only else [identity.company, ""]
        return self.table.c.company.in_(companies)

    def hidden(self, body: dict[str, Any]) -> list[Condition]:
        """Leave out hidden objects, unless they are asked for, by ``search_hidden`` or by id."""
        if "system_tags" not in self.kind.fields or body.get("search_hidden") or body.get("id"):
            return []
        if self.kind.name == "queue" and body.get("name"):
            return []
        return [not_(sql.has_tag(self.dialect, self.table.c.system_tags, self.kind.hidden_tag))]

    def by_name(self, name: str, given: Any, body: dict[str, Any]) -> list[Condition]:
        """The conditions of one key of the request; keys that are no filters give none."""
        if name in MULTI_FIELD:
            return self.multi_field(name, given)
        if name == "filters":
            return self.filters(given)
        if name == "search_text":
            return self.search_text(given)
        if name == "shallow_search" and self.kind is PROJECT:
            return [self.table.c.parent.is_(None)] if given and not body.get("parent") else []
        field = self.kind.fields.get(name.split(".", 1)[0])
        if field is None or (field.storage is Storage.COLUMN and "." in name):
            return []
        if field.storage is Storage.COLUMN:
            return self.column(field, self._widened(field, given, body), body)
        if "." not in name or field.storage is Storage.ENTRIES or (field.storage is Storage.DOCUMENT and not field.flatten):
            return []
        return self.dotted(name, given)

    def column(self, field: Field, given: Any, body: dict[str, Any]) -> list[Condition]:
        """The conditions of a filter on a column, as the field's class of filter says."""
        column = self.table.c[field.name]
        if field.filter is Filter.REGEX:
            return self._regex(field.name, column, given)
        if field.filter is Filter.RANGE:
            return self._range(field.name, sql.milliseconds(column) if field.date else column, given, is_date=field.date)
        if field.filter is Filter.DATES:
            return dates.conditions(sql.milliseconds(column), lists.texts(field.name, given))
        if field.filter is Filter.EQUAL:
            return [column == self._boolean(field.name, given)]
        if field.filter is not Filter.LIST:
            return []
        if field.name == "parent" and self.kind is PROJECT and not body.get("shallow_search"):
            field = self.kind.fields["path"]
        values = list_values(self.session, self.kind, field)
        wanted = self._list(field.name, lists.texts(field.name, given))
        return self._many(values, column, wanted) if values else self._one(column, wanted)

    def dotted(self, name: str, given: Any) -> list[Condition]:
        """The conditions of a filter on a path into a document or on a metric."""
        target = resolve(self.session, self.kind, name)
        if isinstance(target, MetricTarget):
            return self._metric(name, target, given)
        if isinstance(target, ValueTarget):
            return self._many(target, None, self._list(name, given))
        return []

    def _list(self, name: str, given: Any) -> lists.ListFilter:
        wanted = lists.parse(name, given)
        if len(wanted.any) + len(wanted.none) > MOST_VALUES:
            raise validation(name, f"more than {MOST_VALUES} values")
        self._limit(name, len(wanted.all))
        return wanted

    @staticmethod
    def _limit(name: str, terms: int) -> None:
        """Databases give up on a condition of very many terms."""
        if terms > MOST_TERMS:
            raise validation(name, f"more than {MOST_TERMS} terms")

    def _regex(self, name: str, column: ColumnElement[Any], given: Any) -> list[Condition]:
        if not isinstance(given, str):
            raise validation(name, "a text is expected")
        return [sql.matches(self.dialect, column, given)] if given else []

    @staticmethod
    def _boolean(name: str, given: Any) -> bool:
        if isinstance(given, list) and len(given) == 1:
            given = given[0]
        if not isinstance(given, (bool, int)):
            raise validation(name, "true or false is expected")
        return bool(given)

    def _range(self, name: str, column: ColumnElement[Any], given: Any, *, is_date: bool = False) -> list[Condition]:
        low, high = self._bounds(name, given, is_date=is_date)
        if _is_nonsense(low, high):
            return [literal(False)]
        if low is not None and high is not None:
            return [column >= low, column <= high]
        if low is not None:
            return [column >= low]
        return [or_(column <= high, column.is_(None))] if high is not None else []

    @staticmethod
    def _bounds(name: str, given: Any, *, is_date: bool) -> tuple[float | None, float | None]:
        if not isinstance(given, list) or len(given) != 2:
            raise bad_value(name, str(given)[:200])
        low, high = (None if bound is None or bound == "" else _bound(bound, is_date) for bound in given)
        return low, high

    def _metric(self, name: str, target: MetricTarget, given: Any) -> list[Condition]:
        low, high = self._bounds(name, given, is_date=False)
        num = self.table.c.num
        if _is_nonsense(low, high):
            return [literal(False)]
        if low is not None:
            inside = [target.column >= low] if high is None else [target.column >= low, target.column <= high]
            return [num.in_(target.owners(*inside))]
        return [num.not_in(target.owners(target.column > high))] if high is not None else []

    def _one(self, column: ColumnElement[Any], wanted: lists.ListFilter) -> list[Condition]:
        """A list filter on a column with one value."""
        found = []
        if wanted.any:
            found.append(_is_one_of(column, wanted.any))
        found += [_is_one_of(column, [value]) for value in wanted.all]
        if wanted.none:
            found.append(not_(func.coalesce(_is_one_of(column, wanted.none), literal(False))))
        return found

    def _many(self, values: ValueTarget, column: ColumnElement[Any] | None, wanted: lists.ListFilter) -> list[Condition]:
        """A list filter on values of the side table; ``column`` is the column with the same tags, if there is one."""
        found = []
        if wanted.any:
            found.append(self._has_one_of(values, wanted.any))
        found += [self._has_one_of(values, [value]) for value in wanted.all]
        tags = [value for value in wanted.none if isinstance(value, str)]
        if column is not None and values.field.name.endswith("tags") and len(tags) == len(wanted.none) < MANY_TAGS:
            # looking into the column is quicker than a look into the side table for each row
            found += [not_(sql.has_tag(self.dialect, column, tag)) for tag in tags]
        elif wanted.none:
            found.append(not_(self._has_one_of(values, wanted.none)))
        return found

    def _has_one_of(self, values: ValueTarget, wanted: Sequence[lists.Value]) -> Condition:
        table, num = values.table, self.table.c.num
        texts = sorted({value_text(value) for value in wanted if value is not None})
        numbers = sorted({value_number(text) for text in texts})
        found: list[Condition] = []
        if texts:
            # the numbers are named too because they come first in the index
            found.append(num.in_(values.owners(table.c.number.in_(numbers), table.c.text.in_(texts))))
        if None in wanted:
            found.append(num.not_in(values.owners(table.c.text != "")))
        return or_(*found)

    def multi_field(self, name: str, given: Any) -> list[Condition]:
        """``_any_`` and ``_all_``: a pattern (case is ignored) or times for several fields; without either there is no filter."""
        if not isinstance(given, dict):
            raise validation(name, "an object with fields and a pattern or a datetime is expected")
        fields = given.get("fields") or []
        if not isinstance(fields, list) or not all(isinstance(field, str) for field in fields):
            raise validation(name, "fields must be a list of names")
        pattern, moments = given.get("pattern"), given.get("datetime")
        if (not pattern and not moments) or not fields:
            return []
        self._limit(name, len(fields))
        targets = [resolve(self.session, self.kind, field) for field in fields]
        each = [self._pattern(target, pattern) if pattern else self._moments(target, moments) for target in targets]
        return [MULTI_FIELD[name](*each)]

    def _pattern(self, target: Target, pattern: Any) -> Condition:
        if not isinstance(pattern, str):
            raise validation("pattern", "a text is expected")
        patterns.parse(pattern, True)
        if isinstance(target, MetricTarget):
            raise ApiError(400, 14, "Field cannot be searched by a pattern", field="last_metrics")
        if isinstance(target, ColumnTarget):
            values = list_values(self.session, self.kind, target.field)
            if values is None and (target.field.date or target.field.filter is Filter.RANGE):
                raise ApiError(400, 14, "Field cannot be searched by a pattern", field=target.field.name)
            if values is None:
                return sql.matches(self.dialect, target.column, pattern, ignore_case=True)
            target = values
        return self.table.c.num.in_(target.owners(sql.matches(self.dialect, target.table.c.text, pattern, ignore_case=True)))

    def _moments(self, target: Target, moments: Any) -> Condition:
        if not isinstance(target, ColumnTarget) or not target.field.date:
            raise validation("datetime", "the fields must be times")
        found = dates.conditions(sql.milliseconds(target.column), list(lists.as_list(moments)))
        return and_(true(), *found)

    def filters(self, given: Any) -> list[Condition]:
        """The ``filters`` object: for list fields, sections ``any`` and ``all`` with ``include`` and ``exclude``."""
        if not isinstance(given, dict):
            raise validation("filters", "an object of fields is expected")
        found = []
        for name, sections in given.items():
            if sections:
                found += self._sections(name, sections)
        return found

    def _sections(self, name: str, sections: Any) -> list[Condition]:
        if not isinstance(sections, dict):
            raise validation(f"filters.{name}", "an object with any, all and op is expected")
        parts = []
        for section, join in (("any", or_), ("all", and_)):
            terms = self._terms(name, sections.get(section) or {})
            if terms:
                parts.append(join(*terms))
        operator = sections.get("op") or "and"
        if operator not in ("and", "or"):
            raise validation(f"filters.{name}.op", "and or or is expected")
        return [(or_ if operator == "or" else and_)(*parts)] if parts else []

    def _terms(self, name: str, section: Any) -> list[Condition]:
        if not isinstance(section, dict):
            raise validation(f"filters.{name}", "an object with include and exclude is expected")
        target = resolve(self.session, self.kind, name)
        include, exclude = lists.as_list(section.get("include")), lists.as_list(section.get("exclude"))
        self._limit(f"filters.{name}", len(include) + len(exclude))
        terms = [self._has(target, name, value) for value in include]
        return terms + [not_(self._has(target, name, value)) for value in exclude]

    def _has(self, target: Target, name: str, value: Any) -> Condition:
        if isinstance(value, (dict, list)):
            raise validation(f"filters.{name}", "a list of plain values is expected")
        if isinstance(target, ColumnTarget):
            values = list_values(self.session, self.kind, target.field)
            if values is None:
                return func.coalesce(_is_one_of(target.column, [value]), literal(False))
            target = values
        if isinstance(target, MetricTarget):
            raise ApiError(400, 14, "Field is no list", field=name)
        return self._has_one_of(target, [value])

    def search_text(self, given: Any) -> list[Condition]:
        """Every word must be found in one of the entity's texts; case is ignored."""
        if not isinstance(given, str):
            raise validation("search_text", "a text is expected")
        columns = [self.table.c[name] for name in self.kind.searched]
        found = []
        for word in given.split()[:20]:
            text = patterns.escape(word)
            found.append(or_(*(sql.matches(self.dialect, column, text, ignore_case=True) for column in columns)))
        return found

    def _widened(self, field: Field, given: Any, body: dict[str, Any]) -> Any:
        """The ids of projects and, when ``include_subprojects`` is set, of all projects below them."""
        if field.name != "project" or not body.get("include_subprojects"):
            return given
        ids = [value for value in lists.as_list(given) if isinstance(value, str) and not value.startswith((lists.PREFIX, "-"))]
        return [*lists.as_list(given), *descendants(self.session, ids)] if ids else given


def _bound(value: Any, is_date: bool) -> float:
    """A bound of a range. What is neither a number nor, for times, a time is not a number, which nothing equals."""
    if is_date and (ms := dates.parse_ms(value)) is not None:
        return ms
    try:
        return float(value) * (1000 if is_date else 1)
    except (TypeError, ValueError):
        return float("nan")


def _is_nonsense(*bounds: float | None) -> bool:
    return any(bound is not None and math.isnan(bound) for bound in bounds)


def _is_one_of(column: ColumnElement[Any], wanted: Sequence[lists.Value]) -> Condition:
    texts = sorted({value if isinstance(value, str) else value_text(value) for value in wanted if value is not None})
    found: list[Condition] = [column.in_(texts)] if texts else []
    if None in wanted:
        found += [column.is_(None), column == ""]
    return or_(*found)
