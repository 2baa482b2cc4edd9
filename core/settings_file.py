"""Changing ``plugins.toml`` for the server and the command line: comments and order stay, a wrong value never gets into the file.

What is written counts from the next start. Values of the environment and of flags stand above the file, so changing them here
would change nothing; secrets are kept out of this way altogether.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import tomlkit
from tomlkit.items import Table
from trackyard.core.plugins import PluginsSettings
from trackyard.core.settings import Settings, SettingsError, read_file

NAME = "plugins.toml"


def path_of(settings: Settings) -> Path:
    """The file that settings are read from, or the one that the next start looks for."""
    return settings.path or settings.data_dir / NAME


def is_writable(path: Path) -> bool:
    """Whether the file can be replaced: it, or nothing in its place, in a folder that can be written to."""
    is_free = not path.exists() or os.access(path, os.W_OK)
    return is_free and path.parent.is_dir() and os.access(path.parent, os.W_OK)


def changed(text: str, table: str, values: Mapping[str, Any]) -> str:
    """The text of a file with new values of a table (``a.b`` for a nested one); None takes a key out."""
    document = tomlkit.parse(text)
    place: Any = document
    for part in table.split("."):
        if part not in place:
            place[part] = tomlkit.table()
        place = place[part]
    if not isinstance(place, Table):
        raise SettingsError(NAME, table, "what is no table of its own", "a table")
    for key, value in values.items():
        if value is None:
            place.pop(key, None)
        else:
            place[key] = value
    return tomlkit.dumps(document)


def change(settings: Settings, table: str, kind: type[msgspec.Struct], values: Mapping[str, Any]) -> Path:
    """Write new values of a table into the file, all or none; raises `SettingsError` for a wrong one and a file that can't be
    written. The file is replaced at once, with the mode that it has."""
    path = path_of(settings)
    if not is_writable(path):
        raise SettingsError(str(path), table, "a file that the server can't write", "a writable file")
    text = changed(path.read_text() if path.exists() else "", table, values)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{NAME}-")
    candidate = Path(name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        candidate.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o600)
        settings.like(candidate).take(table, kind)
        candidate.replace(path)
    finally:
        candidate.unlink(missing_ok=True)
    return path


def switch(settings: Settings, plugin: str, *, enabled: bool) -> Path:
    """Take a plugin out of ``[plugins] disabled`` of the file, or put it in; raises as `change` does. Blocks."""
    path = path_of(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    now = read_file(path if path.exists() else None).get("plugins", {})
    names = set(now.get("disabled", [])) - {plugin} | (set() if enabled else {plugin})
    return change(settings, "plugins", PluginsSettings, {"disabled": sorted(names) or None})
