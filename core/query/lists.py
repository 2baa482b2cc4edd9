"""List filters: values with the operators ``__$all``, ``__$any``, ``__$not`` and the legacy ``-value``."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trackyard.core.errors import bad_value, validation

PREFIX = "__$"
ALL = frozenset({"__$all", "__$and"})
ANY = frozenset({"__$any", "__$or"})
DEFAULT = "__$nop"
NOT = "__$not"

Value = str | int | float | bool | None


@dataclass
class ListFilter:
    """What a list filter asks: one of ``any`` (if there are some), each of ``all``, none of ``none``. None is "empty"."""

    any: list[Value] = field(default_factory=list)
    all: list[Value] = field(default_factory=list)
    none: list[Value] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether it asks anything."""
        return bool(self.any or self.all or self.none)


def parse(name: str, given: Any) -> ListFilter:
    """Read the filter of field ``name``; a single value counts as a list of one. An unknown operator is 400/16."""
    found = ListFilter()
    target, negate = found.any, False
    for value in as_list(given):
        if isinstance(value, (dict, list)):
            raise validation(name, "a list of plain values is expected")
        if negate:
            found.none.append(value)
            negate = False
        elif isinstance(value, str) and value.startswith(PREFIX):
            negate = value == NOT
            target = _target(name, value, found, target)
        elif isinstance(value, str) and value.startswith("-") and len(value) > 1:
            found.none.append(value[1:])
        else:
            target.append(value)
    return found


def _target(name: str, operator: str, found: ListFilter, current: list[Value]) -> list[Value]:
    if operator == NOT:
        return current
    if operator in ALL:
        return found.all
    if operator in ANY or operator == DEFAULT:
        return found.any
    raise bad_value(name, operator)


def texts(name: str, given: Any) -> list[Any]:
    """A list of texts and nulls; a single text counts as a list of one. Anything else is 400/12."""
    values = list(as_list(given))
    if not all(value is None or isinstance(value, str) for value in values):
        raise validation(name, "a list of texts is expected")
    return values


def as_list(given: Any) -> Sequence[Any]:
    """A list as it is, None as no values, anything else as one value."""
    if given is None:
        return []
    return given if isinstance(given, list) else [given]
