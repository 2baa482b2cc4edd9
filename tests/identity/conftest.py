"""A server in the process with users of every role."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from trackyard.core.identity import Identity
from trackyard.core.testing.http import Answer, Api
from trackyard.core.testing.kernel import serving_kernel
from trackyard.plugins.identity.users import require_user

COMPANY = "d1bd92a3b039400cbafc60a7a5b1e52b"


Serve = Callable[..., AbstractAsyncContextManager[Api]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """``async with serve(config, environ)``: a server on the folder of the test."""

    def run(config: str = "", environ: dict[str, str] | None = None) -> AbstractAsyncContextManager[Api]:
        return serving_kernel(tmp_path, config, environ=environ)

    return run


@pytest.fixture
async def api(serve: Serve) -> AsyncIterator[Api]:
    """A server, called as the administrator of the presets (role root)."""
    async with serve() as running:
        yield running


async def make_user(api: Api, name: str, role: str = "user", password: str | None = None) -> str:
    """The id of a new user, who logs in as ``name``; any role."""
    body = {"name": name, "company": COMPANY, "email": f"{name}@example.org", "username": name, "password": password}
    user = str((await api.call("auth.create_user", body))["id"])
    if role != "user":
        await api.kernel.metadata.write(lambda session: set_role(session, user, role))
    return user


def set_role(session: Any, user_id: str, role: str) -> None:
    """Give a user any role, also those that the API doesn't give."""
    user = require_user(session, user_id)
    user.role = role
    session.add(user)


async def as_new_user(api: Api, name: str, role: str = "user") -> tuple[str, Api]:
    """A new user of a role, and the server called as that user with API credentials."""
    user = await make_user(api, name, role)
    # in the process and by the system: guests can't make credentials themselves
    answer = await api.kernel.call("auth.create_credentials", {}, Identity(user, name, "system"))
    made = answer["credentials"]
    return user, api.as_user(made["access_key"], made["secret_key"])


def basic(name: str, secret: str) -> dict[str, str]:
    """The header of Basic credentials."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    """The header of a token."""
    return {"Authorization": f"Bearer {token}"}


async def ask(api: Api, name: str, headers: dict[str, str], body: Any = None) -> Answer:
    """A call with these headers only."""
    return await api.ask(name, body, headers, anonymous=True)
