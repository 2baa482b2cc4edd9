"""The settings of the system: access to object storage, plugins with their settings, health."""

from __future__ import annotations

from typing import Any

import msgspec
from trackyard.core.panels import Page
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
    found = await attempt(page, "plugins.get_all", {})
    rows = [row | {"colour": STATES.get(row["state"], "queued"), **_settings(row)} for row in found.get("plugins", [])]
    rows.sort(key=lambda row: (row["state"] != "failed", row["name"]))
    failed = sum(1 for row in rows if row["state"] == "failed")
    pending = sum(1 for row in rows if row["pending"])
    context = {"title": "Plugins", "section": "settings", "rows": rows, "failed": failed, "pending": pending}
    return {**context, "file": found.get("file", ""), "writable": found.get("writable", False), "known": bool(found)}


def _settings(row: Data) -> Data:
    """The settings of a plugin with their values as text, whether any can be changed, and whether a restart brings others."""
    shown = [item | {"text": _text(item["value"]), "then": _text(item["pending"])} for item in row["settings"]]
    changes = any(item["by_file"] and not item["secret"] and item["kind"] != "other" for item in row["settings"])
    switches = row["enabled_at_start"] == (row["state"] == "disabled")
    return {
        "settings": shown,
        "changes": changes,
        "pending": switches or any(item["pending"] is not None for item in row["settings"]),
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


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
