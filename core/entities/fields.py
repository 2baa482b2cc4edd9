"""What the query language and the documents know of each entity: its fields, by their names in the protocol."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Table
from sqlmodel import SQLModel


class Storage(StrEnum):
    """Where a field is kept."""

    COLUMN = "column"
    """A column of the entity's table."""
    DOCUMENT = "document"
    """A row of JSON in the entity's table of documents."""
    METRICS = "metrics"
    """Put together from the entity's table of metrics."""
    ENTRIES = "entries"
    """The tasks of a queue, in their order."""


class Filter(StrEnum):
    """How a filter on the field is read."""

    NONE = "none"
    REGEX = "regex"
    LIST = "list"
    RANGE = "range"
    DATES = "dates"
    EQUAL = "equal"


@dataclass(frozen=True)
class Field:
    """One field of an entity.

    ``refers`` names the kind of entity whose id it holds. ``empty`` makes the value of a field that was never set;
    without it the field is left out. ``tells`` says that a change of the field is a change of data (moves last_update).
    ``flatten`` gives the paths below the field, with their values, that can be filtered and sorted.
    """

    name: str
    storage: Storage = Storage.COLUMN
    filter: Filter = Filter.NONE
    refers: str | None = None
    empty: Callable[[], Any] | None = None
    tells: bool = False
    date: bool = False
    tags: bool = False
    flatten: "Callable[[Any], Iterable[tuple[tuple[str, ...], Any]]] | None" = None
    refers_below: dict[tuple[str, ...], str] = field(default_factory=dict)
    """Paths below the field that hold ids, with the kind of what they name."""
    unasked: bool = True
    """Whether the field is given without being asked for."""
    private: bool = False
    """Whether the query language refuses to show it or to sort or filter by it."""


@dataclass(frozen=True)
class Kind:
    """A kind of entity that the query language serves."""

    name: str
    plural: str
    table: type[SQLModel]
    fields: dict[str, Field]
    values: type[SQLModel] | None = None
    documents: type[SQLModel] | None = None
    metrics: type[SQLModel] | None = None
    hidden_tag: str = "hidden"
    searched: tuple[str, ...] = ("name", "id")
    """Fields that ``search_text`` looks into."""

    def column_fields(self) -> list[Field]:
        """The fields that are columns."""
        return [item for item in self.fields.values() if item.storage is Storage.COLUMN]

    def document_fields(self) -> list[Field]:
        """The fields that are documents."""
        return [item for item in self.fields.values() if item.storage is Storage.DOCUMENT]


def table_of(entity: type[SQLModel]) -> Table:
    """The SQLAlchemy table of an entity class."""
    table: Table = entity.__table__  # type: ignore[attr-defined]
    return table


def field_table(*fields: Field) -> dict[str, Field]:
    """The fields by name."""
    return {item.name: item for item in fields}


def text(name: str, filter: Filter = Filter.NONE, **more: Any) -> Field:
    """A text column."""
    return Field(name, filter=filter, **more)


def date(name: str, filter: Filter = Filter.RANGE, **more: Any) -> Field:
    """A column with a time."""
    return Field(name, filter=filter, date=True, **more)


def number(name: str, **more: Any) -> Field:
    """A numeric column, filtered by ``[min, max]``."""
    return Field(name, filter=Filter.RANGE, **more)


def tag_list(name: str) -> Field:
    """A column of tags."""
    return Field(name, filter=Filter.LIST, tags=True, empty=list, flatten=scalars)


def document(name: str, empty: Callable[[], Any] = dict, **more: Any) -> Field:
    """A JSON document."""
    return Field(name, storage=Storage.DOCUMENT, empty=empty, **more)


def scalars(value: Any) -> Iterable[tuple[tuple[str, ...], Any]]:
    """Every text, number and boolean below ``value`` with its path; the items of a list share the list's path."""
    if isinstance(value, dict):
        for key, below in value.items():
            for path, leaf in scalars(below):
                yield (str(key), *path), leaf
    elif isinstance(value, (list, tuple)):
        for below in value:
            yield from scalars(below)
    elif value is not None:
        yield (), value


def leaves(*names: str) -> Callable[[Any], Iterable[tuple[tuple[str, ...], Any]]]:
    """As ``scalars``, but only those whose last key is one of ``names``."""

    def flatten(value: Any) -> Iterable[tuple[tuple[str, ...], Any]]:
        return ((path, leaf) for path, leaf in scalars(value) if path and path[-1] in names)

    return flatten


def without(*names: str) -> Callable[[Any], Iterable[tuple[tuple[str, ...], Any]]]:
    """As ``scalars``, but nothing below the top keys ``names``."""

    def flatten(value: Any) -> Iterable[tuple[tuple[str, ...], Any]]:
        if not isinstance(value, dict):
            return iter(())
        return scalars({key: below for key, below in value.items() if key not in names})

    return flatten
