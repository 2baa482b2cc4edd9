"""The columns that a user adds to the table of models: values of metadata, and metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trackyard.ui.calls import Data

KINDS = {"value": "", "min_value": " min", "max_value": " max"}
LIMIT = 20


@dataclass(frozen=True)
class Column:
    """A column: its key in the address, its title, the dotted field that is read, and whether its values are numbers."""

    key: str
    title: str
    field: str
    path: tuple[str, ...]
    is_number: bool = False

    def value(self, row: Data) -> Any:
        """The value of a model, or an empty text."""
        found: Any = row
        for name in self.path:
            found = found.get(name) if isinstance(found, dict) else None
        return "" if found is None else found


def columns_of(text: str) -> list[Column]:
    """The columns that an address names: ``meta.<key>``, ``m.<metric hash>.<variant hash>.<kind>.<name>``; no others."""
    found = (_column(part) for part in text.split(",")[:LIMIT])
    return [column for column in found if column]


def segment(name: str) -> str:
    """One segment of a dotted path: names may hold dots, dollar signs and underscores."""
    coded = name.replace("%", "%%").replace(".", "%2E").replace("$", "%24").replace("__", "%_%_")
    return f"%{coded}" if coded.startswith("_") else coded


def decoded(text: str) -> str:
    """A part of an address in which commas, bars and tildes separate."""
    for coded, plain in (("%7E", "~"), ("%7C", "|"), ("%2C", ","), ("%25", "%")):
        text = text.replace(coded, plain)
    return text


def _column(part: str) -> Column | None:
    kind, _, rest = part.partition(".")
    if kind == "meta" and rest:
        key = decoded(rest)
        return Column(part, key, f"metadata.{segment(key)}.value", ("metadata", key, "value"))
    pieces = rest.split(".", 3)
    if kind != "m" or len(pieces) != 4 or pieces[2] not in KINDS or not (pieces[0] + pieces[1]).isalnum():
        return None
    metric, variant, which, name = pieces
    title = decoded(name.replace("|", "/")) + KINDS[which]
    return Column(
        part, title, f"last_metrics.{metric}.{variant}.{which}", ("last_metrics", metric, variant, which), is_number=True
    )
