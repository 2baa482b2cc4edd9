"""Settings of services as parameters of tasks, as forms and as flags: one typed Struct is the source of all."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from trackyard.core.services.contract import ServiceOffer

SECTION = "Settings"
"""The section of a task's parameters that holds the settings of its service."""
MARK = "Service"
"""The section whose parameter ``name`` says which service a task runs."""


class SettingProblem(Exception):
    """A setting has a wrong name or value; ``field`` names it."""

    def __init__(self, field: str, problem: str) -> None:
        self.field, self.problem = field, problem
        super().__init__(f"{field}: {problem}")


class SettingField(msgspec.Struct, frozen=True):
    """One setting as a form shows it.

    ``kind``: ``text``, ``number``, ``integer``, ``switch``, ``choice`` or ``json``; ``default`` as the parameter's text.
    """

    name: str
    kind: str
    default: str
    choices: list[str] = []
    help: str = ""


def fields_of(offer: ServiceOffer) -> list[SettingField]:
    """The settings that users may set, in the order of the Struct."""
    hints = get_type_hints(offer.service.settings_type, include_extras=True)
    return [
        SettingField(name, _kind(hints[name]), _text(getattr(offer.settings, name)), _choices(hints[name]), _help(hints[name]))
        for name in offer.service.settings_type.__struct_fields__
        if name not in offer.service.private
    ]


def write_settings(offer: ServiceOffer, settings: msgspec.Struct) -> dict[str, str]:
    """The parameters of a task that mean these settings."""
    return {field.name: _text(getattr(settings, field.name)) for field in fields_of(offer)}


def read_settings(offer: ServiceOffer, given: Mapping[str, Any]) -> msgspec.Struct:
    """The settings that parameters (or the fields of a form) mean; what is not given has its default.

    Texts are read as the field's type. Raises `SettingProblem` for an unknown field or a wrong value.
    """
    hints = get_type_hints(offer.service.settings_type, include_extras=True)
    changed: dict[str, Any] = {}
    for name, value in given.items():
        if name not in hints or name in offer.service.private:
            known = ", ".join(field.name for field in fields_of(offer))
            raise SettingProblem(name, f"no such setting; expected one of {known or 'none'}")
        changed[name] = _value(name, value, hints[name])
    return msgspec.structs.replace(offer.settings, **changed)


def _value(name: str, value: Any, kind: Any) -> Any:
    try:
        if isinstance(value, str) and _kind(kind) == "json":
            value = msgspec.json.decode(value or "null")
        elif value == "" and _optional(kind):
            value = None
        return msgspec.convert(value, kind, strict=False)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise SettingProblem(name, f"found {value!r}; {error}") from None


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _bare(kind: Any) -> Any:
    """The type without its annotations and without ``None``."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    inner = [item for item in get_args(kind) if item is not NoneType]
    return _bare(inner[0]) if _optional(kind) and len(inner) == 1 else kind


def _optional(kind: Any) -> bool:
    if get_origin(kind) is Annotated:
        return _optional(get_args(kind)[0])
    return get_origin(kind) is not Literal and NoneType in get_args(kind)


def _kind(kind: Any) -> str:
    bare = _bare(kind)
    if _choices(kind):
        return "choice"
    return {str: "text", bool: "switch", int: "integer", float: "number"}.get(bare, "json")


def _choices(kind: Any) -> list[str]:
    bare = _bare(kind)
    if isinstance(bare, type) and issubclass(bare, StrEnum):
        return [str(item) for item in bare]
    return [str(item) for item in get_args(bare)] if get_origin(bare) is Literal else []


def _help(kind: Any) -> str:
    metas = [item for item in get_args(kind) if isinstance(item, msgspec.Meta)] if get_origin(kind) is Annotated else []
    return next((meta.description for meta in metas if meta.description), "")
