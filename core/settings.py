"""Typed settings with provenance: defaults, then ``plugins.toml``, then the environment, then flags.

The environment names a setting ``TRACKYARD__TABLE__KEY``; a secret in the file may be ``{ env = "NAME" }`` or
``{ file = "path" }``. A wrong table, key or type is a `SettingsError` that tells where it stands, what was found and
what was expected.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)
ENV_PREFIX = "TRACKYARD__"
NO_VALUE = object()


SECRET_WORDS = frozenset({"password", "passwords", "secret", "secrets", "token", "tokens", "key", "keys", "credentials"})
"""A setting whose name ends with one of these words is not shown."""
URL_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]+(?=@)")
HIDDEN = "(hidden)"


class SettingsError(Exception):
    """A setting is wrong: the source (file, variable or flag), the key, what was found and what was expected."""

    def __init__(self, source: str, key: str, found: str, expected: str) -> None:
        self.source, self.key, self.found, self.expected = source, key, found, expected
        super().__init__(f"{source}: {key}: found {found}; expected {expected}")


@dataclass(frozen=True)
class Origin:
    """A value as written, and the place it comes from (``default``, a file, a variable or a flag)."""

    value: Any
    source: str


def read_file(path: Path | None) -> dict[str, Any]:
    """The tables of a TOML file; an absent path is no tables."""
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise SettingsError(str(path), "file", str(error.strerror), "a readable file") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(path), "file", f"not TOML: {error}", "a TOML document") from None


def read_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """``{"table.key": text}`` of the variables that name a setting."""
    return {
        name.removeprefix(ENV_PREFIX).lower().replace("__", "."): text
        for name, text in environ.items()
        if name.startswith(ENV_PREFIX)
    }


class Settings:
    """The sources of all settings, read once; tables are taken from it with their type."""

    def __init__(
        self,
        path: Path | None = None,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, Any] | None = None,
        data_dir: Path | None = None,
    ) -> None:
        self.path = path
        self.data_dir = data_dir or Path.home() / ".trackyard"
        self._file = read_file(path)
        self._environ = os.environ if environ is None else environ
        self._variables = read_environment(self._environ)
        self._flags = {key: value for key, value in (flags or {}).items() if value is not None}
        self._origins: dict[str, Origin] = {}
        self._tables: dict[str, type[msgspec.Struct]] = {}

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables of the environment that the settings were read from."""
        return self._environ

    def like(self, path: Path) -> Settings:
        """Settings of another file, with the same environment, flags and known tables."""
        other = Settings(path, self._environ, self._flags, self.data_dir)
        other._tables = dict(self._tables)
        return other

    def declare(self, table: str, kind: type[msgspec.Struct]) -> None:
        """Make ``table`` known, so that its keys are not taken for mistakes."""
        self._tables[table] = kind

    def take(self, table: str, kind: type[T]) -> T:
        """The table as an instance of ``kind``; raises `SettingsError` for a wrong key or type."""
        self.declare(table, kind)
        self._refuse_unknown_keys(table, kind)
        values = {}
        for field in msgspec.structs.fields(kind):
            origin = self._find(table, field.encode_name)
            if origin is not None:
                values[field.name] = self._convert(f"{table}.{field.encode_name}", origin, field.type)
        try:
            taken = kind(**values)
        except TypeError as error:
            raise SettingsError(self._file_name(), table, "a table without it", f"the required key ({error})") from None
        self._remember(table, kind, taken)
        return taken

    def refuse_unknown_tables(self, tolerated: Iterable[str] = ()) -> None:
        """Raise for tables of the file or the environment that nothing declared; ``tolerated`` names are skipped."""
        known = {*self._tables, *tolerated}
        parents = {name.rsplit(".", 1)[0] for name in known if "." in name}
        for table in self._file:
            if table not in known and table not in parents:
                raise SettingsError(self._file_name(), table, "this table", f"one of {', '.join(sorted(known))}")
        for key in self._variables:
            table = key.rsplit(".", 1)[0]
            if table not in known:
                raise SettingsError(variable(key), table, "this table", f"one of {', '.join(sorted(known))}")

    def explain(self, key: str) -> Origin:
        """The value of ``table.key`` and where it came from; raises `KeyError` if there is no such setting."""
        return self._origins[key]

    def explained(self) -> dict[str, Origin]:
        """All settings that were taken, by key."""
        return dict(sorted(self._origins.items()))

    def tables(self) -> dict[str, type[msgspec.Struct]]:
        """The declared tables and their types."""
        return dict(self._tables)

    def _file_name(self) -> str:
        return str(self.path) if self.path else "settings"

    def _table(self, name: str) -> dict[str, Any]:
        found: Any = self._file
        for part in name.split("."):
            found = found.get(part, {}) if isinstance(found, dict) else {}
        if not isinstance(found, dict):
            raise SettingsError(self._file_name(), name, repr(found), "a table")
        return found

    def _find(self, table: str, key: str) -> Origin | None:
        full = f"{table}.{key}"
        if full in self._flags:
            return Origin(self._flags[full], "flag")
        if full in self._variables:
            return Origin(self._variables[full], variable(full))
        value = self._table(table).get(key, NO_VALUE)
        return None if value is NO_VALUE else Origin(value, self._file_name())

    def _refuse_unknown_keys(self, table: str, kind: type[msgspec.Struct]) -> None:
        names = {field.encode_name for field in msgspec.structs.fields(kind)}
        nested = {name[len(table) + 1 :].split(".")[0] for name in self._tables if name.startswith(f"{table}.")}
        for key in self._table(table):
            if key not in names and key not in nested:
                expected = f"one of {', '.join(sorted(names))}" if names else "no keys"
                raise SettingsError(self._file_name(), f"{table}.{key}", "this key", expected)
        for full in self._variables:
            parent, _, key = full.rpartition(".")
            if parent == table and key not in names:
                raise SettingsError(variable(full), full, "this key", f"one of {', '.join(sorted(names))}")

    def _convert(self, key: str, origin: Origin, kind: Any) -> Any:
        value = self._secret(key, origin, origin.value)
        lax = origin.source.startswith(ENV_PREFIX) or origin.source == "flag"
        if lax and isinstance(value, str) and value[:1] in "[{":
            value = msgspec.json.decode(value.encode())
        try:
            return msgspec.convert(value, kind, strict=not lax, dec_hook=_decode_path)
        except msgspec.ValidationError as error:
            raise SettingsError(origin.source, key, f"{type(value).__name__} {value!r}", str(error)) from None

    def _secret(self, key: str, origin: Origin, given: Any) -> Any:
        """What was given, with every secret read from its place."""
        match given:
            case {"env": str(name), **rest} if not rest:
                if name not in self._environ:
                    raise SettingsError(origin.source, key, f"env = {name!r}, which is not set", "a set variable")
                return self._environ[name]
            case {"file": str(name), **rest} if not rest:
                try:
                    return Path(name).read_text().strip()
                except OSError as error:
                    raise SettingsError(origin.source, key, f"file = {name!r}: {error.strerror}", "a readable file") from None
            case list():
                return [self._secret(f"{key}[{number}]", origin, item) for number, item in enumerate(given)]
            case dict():
                return {name: self._secret(f"{key}.{name}", origin, item) for name, item in given.items()}
        return given

    def _remember(self, table: str, kind: type[msgspec.Struct], taken: msgspec.Struct) -> None:
        for field in msgspec.structs.fields(kind):
            origin = self._find(table, field.encode_name)
            source = origin.source if origin else "default"
            shown = origin.value if origin and isinstance(origin.value, dict) else _plain(getattr(taken, field.name))
            self._origins[f"{table}.{field.encode_name}"] = Origin(shown, source)


def _plain(value: Any) -> Any:
    """Tables in a list as they are written."""
    tables = isinstance(value, list) and any(isinstance(item, msgspec.Struct) for item in value)
    return msgspec.to_builtins(value) if tables else value


def shown_value(key: str, value: Any) -> Any:
    """A setting's value as it may be shown: secrets and the passwords of URLs are hidden, names of their places are not."""
    if isinstance(value, dict):
        place = set(value) in ({"env"}, {"file"})
        return value if place else {name: shown_value(name, item) for name, item in value.items()}
    if value and re.split(r"[._]", key.lower().removesuffix("_json"))[-1] in SECRET_WORDS:
        return HIDDEN
    if isinstance(value, list):
        return [shown_value(key, item) for item in value]
    return URL_PASSWORD.sub(rf"\1:{HIDDEN}", value) if isinstance(value, str) else value


def variable(key: str) -> str:
    """The environment's name of a setting: ``server.host`` is ``TRACKYARD__SERVER__HOST``."""
    return ENV_PREFIX + key.replace(".", "__").upper()


def _decode_path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value).expanduser()
    raise NotImplementedError(f"settings of type {kind}")
