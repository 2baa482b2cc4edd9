"""Settings: one's profile and credentials; for administrators users, storage, plugins and health."""

from __future__ import annotations

from trackyard.core.hookspecs import hookimpl
from trackyard.core.identity import ADMIN_ROLES, USER, Permission, roles
from trackyard.core.panels import Panel, PanelHandler, PanelKind
from trackyard.core.plugin import Plugin
from trackyard.ui.settings import account, system

ADMIN = roles(*sorted(ADMIN_ROLES))


class SettingsPlugin(Plugin):
    """The pages of settings."""

    name = "ui-settings"
    summary = "Settings: profile, API credentials, users, storage, plugins, health"
    needs = ("ui", "identity")

    @hookimpl
    def trackyard_panels(self) -> list[Panel]:
        """The entry of the rail, which shows the profile, and the pages."""
        return [
            Panel(
                PanelKind.PAGE,
                "settings",
                "Settings",
                account.profile,
                "settings_profile.html",
                "/settings",
                icon="settings",
                order=10,
                nav="bottom",
            ),
            _panel("profile", "Profile", account.profile, USER, 10),
            _panel("credentials", "API credentials", account.credentials, USER, 20),
            _panel("users", "Users", account.users, ADMIN, 30),
            _panel("storage", "Storage", system.storage, ADMIN, 40),
            _panel("plugins", "Plugins", system.plugins, ADMIN, 50),
            _panel("health", "Health", system.health, ADMIN, 60),
        ]


def _panel(name: str, title: str, handler: PanelHandler, permission: Permission, order: int) -> Panel:
    template, path = f"settings_{name}.html", f"/settings/{name}"
    return Panel(PanelKind.SETTINGS_PAGE, f"settings-{name}", title, handler, template, path, order=order, permission=permission)
