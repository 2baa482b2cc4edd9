"""The plugin and its endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from trackyard.core import settings_file
from trackyard.core.errors import ApiError, validation
from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import ADMIN
from trackyard.core.kernel import Kernel
from trackyard.core.plugin import Plugin
from trackyard.core.plugins import Record
from trackyard.core.protocol.endpoint import Call, Endpoint
from trackyard.core.protocol.requests import Request
from trackyard.core.settings import SettingsError, read_file
from trackyard.plugins.plugin_settings.fields import described, from_client, is_secret, names_place


class PluginRequest(Request):
    """Names one plugin."""

    plugin: str


class ConfigureRequest(PluginRequest):
    """New values of a plugin's settings by key; null: the default again."""

    settings: dict[str, Any]


class SwitchRequest(PluginRequest):
    """Whether a plugin is loaded at the next start."""

    enabled: bool


class PluginList(msgspec.Struct):
    """Every plugin; ``file`` is where changes go, ``writable`` whether they can."""

    plugins: list[dict[str, Any]]
    file: str
    writable: bool


class Written(msgspec.Struct):
    """The file that was changed; it counts from the next start."""

    file: str
    restart_needed: bool = True


class PluginSettingsPlugin(Plugin):
    """The service ``plugins``."""

    name = "plugin-settings"
    summary = "Plugins and their settings for administrators"

    @hookimpl
    def trackyard_endpoints(self) -> list[Endpoint[Any]]:
        """All endpoints of the service."""
        return [
            Endpoint("plugins.get_all", get_all, Request, ADMIN, reply=PluginList),
            Endpoint("plugins.configure", configure, ConfigureRequest, ADMIN, writes=True, reply=Written),
            Endpoint("plugins.switch", switch, SwitchRequest, ADMIN, writes=True, reply=Written),
        ]


async def get_all(call: Call, request: Request) -> dict[str, Any]:
    """Every plugin with its state, its last error, what it provides, and its settings with their type and place."""
    return await asyncio.to_thread(_listed, call.kernel)


def _listed(kernel: Kernel) -> dict[str, Any]:
    path = settings_file.path_of(kernel.settings)
    try:
        file = read_file(path if path.exists() else None)
    except SettingsError:
        file = {}
    writable = settings_file.is_writable(path)
    disabled = file.get("plugins", {}).get("disabled", [])
    rows = [_plugin(record, kernel, file, disabled) for record in kernel.plugins.records.values()]
    return {"plugins": rows, "file": str(path), "writable": writable}


def _plugin(record: Record, kernel: Kernel, file: dict[str, Any], disabled: list[str]) -> dict[str, Any]:
    kind = record.kind
    return {
        "name": record.name,
        "version": record.version,
        "distribution": record.distribution,
        "state": str(record.state),
        "summary": record.summary,
        "needs": list(kind.needs) if kind else [],
        "essential": bool(kind and kind.essential),
        "table": record.table,
        "error": record.error,
        "trace": record.trace,
        "enabled_at_start": record.name not in disabled,
        "provides": [
            {"hook": hook.removeprefix("trackyard_").replace("_", " "), "count": len(items), "names": _names(items)}
            for hook, items in sorted(record.provided.items())
            if items
        ],
        "settings": described(record, kernel.settings, file) if kind else [],
    }


def _names(items: list[Any]) -> list[str]:
    """The names of what a plugin registered, as far as it has names."""
    return sorted({str(name) for item in items if (name := getattr(item, "name", ""))})


def _record(call: Call, name: str) -> Record:
    record = call.kernel.plugins.records.get(name)
    if record is None:
        raise ApiError(400, 100, "There is no such plugin", plugin=name)
    return record


async def configure(call: Call, request: ConfigureRequest) -> dict[str, Any]:
    """Write settings of a plugin into the file; all are checked against the plugin's declared types first.

    Secrets are refused: who runs the server writes them into the file, as ``{ env = "NAME" }`` or ``{ file = "path" }``.
    """
    record = _record(call, request.plugin)
    if record.kind is None:
        raise ApiError(400, 0, "The plugin can't be loaded, so its settings are not known", plugin=record.name)
    known = {field.encode_name: field for field in msgspec.structs.fields(record.kind.settings_type)}
    for key in request.settings:
        if key not in known:
            raise validation(f"settings.{key}", f"the plugin {record.name} has no such setting")
        if is_secret(key):
            raise validation(f"settings.{key}", "secrets are not set here: write them into the file")
        if names_place(request.settings[key]):
            raise validation(f"settings.{key}", "places of secrets are not set here: write them into the file")
    values = {key: from_client(known[key].type, value) for key, value in request.settings.items()}
    return await _written(settings_file.change, call.kernel.settings, record.table, record.kind.settings_type, values)


async def switch(call: Call, request: SwitchRequest) -> dict[str, Any]:
    """Enable or disable a plugin from the next start on."""
    record = _record(call, request.plugin)
    if not request.enabled and record.kind is not None and record.kind.essential:
        raise ApiError(400, 0, "The server can't do without this plugin", plugin=record.name)
    return await _written(settings_file.switch, call.kernel.settings, record.name, enabled=request.enabled)


async def _written(write: Callable[..., Path], *values: Any, **options: Any) -> dict[str, Any]:
    try:
        path = await asyncio.to_thread(write, *values, **options)
    except SettingsError as error:
        raise validation(error.key, f"found {error.found}; expected {error.expected}") from None
    return {"file": str(path), "restart_needed": True}
