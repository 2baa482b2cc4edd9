"""The settings of people: one's profile, one's API credentials, and the users of the server."""

from __future__ import annotations

from typing import Any

from trackyard.core.identity import ROLES
from trackyard.core.panels import Page
from trackyard.ui.home.start import configuration, server_urls

ROLE_TEXTS = {
    "admin": "Administrator",
    "superuser": "Lead",
    "user": "Member",
    "annotator": "Annotator",
    "guest": "Guest, reads only",
}

"""The roles that administrators give."""


def role_text(role: str) -> str:
    """A role in words."""
    return {"root": "Owner", "system": "System"}.get(role) or ROLE_TEXTS.get(role, role)


async def profile(page: Page) -> dict[str, Any]:
    """The user's own data."""
    user = (await page.call("users.get_current_user"))["user"]
    return {"title": "Profile", "section": "settings", "user": user, "role": role_text(user["role"])}


async def credentials(page: Page) -> dict[str, Any]:
    """One's own credentials, the last made first, and what a new one is shown as."""
    rows = (await page.call("auth.get_credentials"))["credentials"]
    urls = server_urls(page)
    variables = "\n".join(
        [
            f"CLEARML_API_HOST={urls['api']}",
            f"CLEARML_WEB_HOST={urls['web']}",
            f"CLEARML_FILES_HOST={urls['files']}",
            "CLEARML_API_ACCESS_KEY={key}",
            "CLEARML_API_SECRET_KEY={secret}",
        ]
    )
    texts = {"configuration": configuration(page, "{key}", "{secret}"), "variables": variables}
    return {"title": "API credentials", "section": "settings", "rows": rows[::-1], "texts": texts}


async def users(page: Page) -> dict[str, Any]:
    """All users with what administrators see of them."""
    rows = (await page.call("users.get_all_ex", {"order_by": ["name"]}))["users"]
    roles = [(role, ROLE_TEXTS[role]) for role in ROLES if role in ROLE_TEXTS]
    return {
        "title": "Users",
        "section": "settings",
        "rows": [row | {"role_text": role_text(str(row.get("role", "")))} for row in rows],
        "facts": {
            "company": page.identity.company,
            "roles": roles,
            "me": page.identity.user,
            "mayDelete": page.identity.role in ("system", "root"),
            "web": server_urls(page)["web"] + page.prefix,
        },
    }
