"""The protocol as data: endpoints, who may call them, and their fields."""

from pathlib import Path
from typing import Any

import msgspec


class Field(msgspec.Struct, frozen=True):
    """A field of a request. ``kind``: text, integer, number, boolean, object, list, date; ``of``: kind of a list's items."""

    kind: str
    of: str = ""
    required: bool = False
    choices: list[str | int] = []
    least: float | None = None
    most: float | None = None
    shortest: int = 0
    longest: int = 0
    fewest: int = 0


class Facts(msgspec.Struct, frozen=True):
    """What is known of an endpoint. ``access``: users, optional or anybody; ``lines``: the body is an event or JSON lines.

    ``until``: the newest version that knows it; later ones are told that it is withdrawn.
    """

    access: str
    fields: dict[str, Field]
    roles: list[str] = []
    lines: bool = False
    until: str = ""

    def required(self) -> list[str]:
        """The names of the fields that must be given."""
        return [name for name, field in self.fields.items() if field.required]


class Protocol(msgspec.Struct, frozen=True):
    """All endpoints; ``absent`` are those that clients know and this server answers as unknown."""

    newest: str
    absent: list[str]
    endpoints: dict[str, Facts]


def path(name: str) -> str:
    """The path of an endpoint, with the version that still knows it if it is withdrawn."""
    until = PROTOCOL.endpoints[name].until
    return f"v{until}/{name}" if until else name


PROTOCOL = msgspec.json.decode(Path(__file__).with_name("protocol.json").read_bytes(), type=Protocol)


def wrong_value(field: Field) -> Any:
    """A value of a type that the field can't have."""
    return 17 if field.kind in ("object", "list") else {"of": "a wrong type"}
