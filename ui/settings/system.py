"""The settings of the system: access to object storage, plugins with their settings, health."""

from __future__ import annotations

from typing import Any

import msgspec
from trackyard.core.panels import Page
from trackyard.core.plugins import Record
from trackyard.core.settings import Origin, shown_value
from trackyard.ui.calls import Data, attempt

STATES = {"started": "completed", "failed": "failed", "disabled": "created", "stopped": "stopped"}
"""The colours of plugins' states, as those of tasks' statuses."""


async def storage(page: Page) -> dict[str, Any]:
    """Access to object storage; secrets are masked."""
    found = (await attempt(page, "storage.get_settings", {})).get("settings") or {}
    settings = {name: found.get(name) or {} for name in ("aws", "google", "azure")}
    return {"title": "Storage", "section": "settings", "settings": settings, "updated": found.get("last_update")}


async def plugins(page: Page) -> dict[str, Any]:
    """Every plugin with its state, what it provides, its settings and its last error; those that failed first."""
    origins = page.kernel.settings.explained()
    rows = [_plugin(record, origins) for record in page.kernel.plugins.records.values()]
    rows.sort(key=lambda row: (row["state"] != "failed", row["name"]))
    failed = sum(1 for row in rows if row["state"] == "failed")
    path = page.kernel.settings.path
    return {"title": "Plugins", "section": "settings", "rows": rows, "failed": failed, "file": str(path) if path else ""}


def _plugin(record: Record, origins: dict[str, Origin]) -> Data:
    return {
        "name": record.name,
        "version": record.version,
        "distribution": record.distribution,
        "state": str(record.state),
        "colour": STATES.get(str(record.state), "queued"),
        "summary": record.summary,
        "needs": list(record.kind.needs) if record.kind else [],
        "essential": bool(record.kind and record.kind.essential),
        "table": record.table,
        "error": record.error,
        "trace": record.trace,
        "provides": [
            {"hook": hook.removeprefix("trackyard_").replace("_", " "), "count": len(items), "names": _names(items)}
            for hook, items in sorted(record.provided.items())
            if items
        ],
        "settings": _settings(record, origins),
    }


def _names(items: list[Any]) -> str:
    """The names of what a plugin registered, as far as it has names."""
    return ", ".join(sorted({str(name) for item in items if (name := getattr(item, "name", ""))}))


def _settings(record: Record, origins: dict[str, Origin]) -> list[Data]:
    """The settings of a plugin's table: key, value as it may be shown, where it came from."""
    if record.kind is None:
        return []
    keys = [f"{record.table}.{field.encode_name}" for field in msgspec.structs.fields(record.kind.settings_type)]
    return [
        {"key": key.rpartition(".")[2], "value": _text(shown_value(key, origins[key].value)), "source": origins[key].source}
        for key in keys
        if key in origins
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()


async def health(page: Page) -> dict[str, Any]:
    """The state of every part that can be asked, the version and addresses of the server."""
    found = await page.kernel.health()
    rows = [
        {"name": name, "ok": state.ok, "detail": state.detail, "critical": critical}
        for name, (state, critical) in sorted(found.items(), key=lambda item: (item[1][0].ok, item[0]))
    ]
    return {
        "title": "Health",
        "section": "settings",
        "rows": rows,
        "info": await attempt(page, "server.info", {}),
        "data_dir": str(page.kernel.data_dir),
        "refresh": 10,
    }
