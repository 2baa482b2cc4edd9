"""Settings as a form needs them: the kind of each, its default, its value, and where that comes from."""

from __future__ import annotations

import re
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from trackyard.core.plugins import Record
from trackyard.core.settings import SECRET_WORDS, Settings, shown_value

KINDS = {bool: "switch", int: "whole number", float: "number", str: "text"}


def is_secret(key: str) -> bool:
    """Whether a setting is shown to nobody."""
    return re.split(r"[._]", key.lower())[-1] in SECRET_WORDS


def names_place(value: Any) -> bool:
    """Whether a value, or one in it, would be read from a file or a variable: whoever may set it could read all of them."""
    if isinstance(value, dict):
        return set(value) in ({"env"}, {"file"}) or any(map(names_place, value.values()))
    return isinstance(value, list) and any(map(names_place, value))


def kind_of(declared: Any) -> str:
    """``switch``, ``whole number``, ``number``, ``text``, ``choice``, ``lines``, or ``other`` for what a form can't show."""
    plain = _without_none(declared)
    if get_origin(plain) is Literal:
        return "choice"
    if get_origin(plain) is list and get_args(plain) == (str,):
        return "lines"
    return KINDS.get(plain, "other")


def choices(declared: Any) -> list[str]:
    """What a choice offers."""
    plain = _without_none(declared)
    return [str(value) for value in get_args(plain)] if get_origin(plain) is Literal else []


def description(declared: Any) -> str:
    """What the declared type says about itself."""
    if get_origin(declared) is not Annotated:
        return ""
    metas = [part for part in get_args(declared)[1:] if isinstance(part, msgspec.Meta)]
    return next((str(meta.description) for meta in metas if meta.description), "")


def _without_none(declared: Any) -> Any:
    if get_origin(declared) is Annotated:
        return _without_none(get_args(declared)[0])
    if get_origin(declared) in (Union, UnionType):
        left = [part for part in get_args(declared) if part is not type(None)]
        return left[0] if len(left) == 1 else declared
    return declared


def from_client(declared: Any, value: Any) -> Any:
    """A value of a form as the file has it: numbers may come as whole ones, empty text is the default again."""
    kind = kind_of(declared)
    if value is None or (value == "" and kind in ("whole number", "number", "choice")):
        return None
    if kind == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def described(record: Record, settings: Settings, file: dict[str, Any]) -> list[dict[str, Any]]:
    """The settings of a plugin: key, kind, options, default, value, source, whether the file decides it, and what the next start
    will find in the file when that is something else."""
    if record.kind is None:
        return []
    origins = settings.explained()
    written = _table(file, record.table)
    found = []
    for field in msgspec.structs.fields(record.kind.settings_type):
        full = f"{record.table}.{field.encode_name}"
        if full not in origins:
            continue
        origin, default = origins[full], _default(field)
        by_file = origin.source == "default" or not origin.source.startswith(("TRACKYARD__", "flag"))
        then = written.get(field.encode_name, default)
        found.append(
            {
                "key": field.encode_name,
                "kind": kind_of(field.type),
                "description": description(field.type),
                "options": choices(field.type),
                "default": shown_value(full, plain(default)),
                "value": shown_value(full, plain(origin.value)),
                "source": origin.source,
                "secret": is_secret(field.encode_name),
                "by_file": by_file,
                "pending": shown_value(full, plain(then)) if by_file and plain(then) != plain(origin.value) else None,
            }
        )
    return found


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    return msgspec.json.decode(msgspec.json.encode(value, enc_hook=str))


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return field.default_factory() if field.default_factory is not msgspec.NODEFAULT else None


def _table(file: dict[str, Any], name: str) -> dict[str, Any]:
    found: Any = file
    for part in name.split("."):
        found = found.get(part, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}
