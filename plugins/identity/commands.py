"""``trackyard user``: users and their credentials from the command line of the machine.

Without a running server the commands work on the database. A server that runs holds it, so they then call its API, with a
token that is signed by the key in the data directory: who may read that directory may administer the server.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, get_args

import aiohttp
from trackyard.core.cli.command import Command
from trackyard.core.contracts.metadata import StoreUnavailable
from trackyard.core.errors import ApiError
from trackyard.core.identity import DEFAULT_COMPANY, SYSTEM, Identity
from trackyard.core.kernel import Kernel, load_kernel
from trackyard.core.settings import Settings
from trackyard.plugins.identity import requests as r
from trackyard.plugins.identity.accounts import username_of
from trackyard.plugins.identity.first_start import web_site
from trackyard.plugins.identity.realm import Realm

TOKEN_SECONDS = 300
PAGE = 500
GIVEN_ROLES = get_args(r.Role)
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound


class Failure(Exception):
    """The command can't do what was asked for; the message is shown."""


class Caller(Protocol):
    """Calls endpoints as the system, or for a user."""

    site: str
    """Where the web site is reached, by the settings."""

    async def call(self, name: str, body: dict[str, Any], user: str | None = None) -> Any:
        """The ``data`` of the answer; raises `ApiError`. ``user``: an id on whose behalf the call is made."""
        ...


class DirectCaller:
    """Calls endpoints in this process."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.site = web_site(kernel)

    async def call(self, name: str, body: dict[str, Any], user: str | None = None) -> Any:
        """See `Caller.call`."""
        identity = Identity(user, user, SYSTEM.role) if user else SYSTEM
        return await self._kernel.call(name, body, identity)


class RemoteCaller:
    """Calls endpoints of the server that runs on this machine."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str, site: str, reason: str) -> None:
        """``reason`` is why the database can't be used directly."""
        self._session, self._url, self._token, self._reason = session, url, token, reason
        self.site = site

    async def call(self, name: str, body: dict[str, Any], user: str | None = None) -> Any:
        """See `Caller.call`."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        if user:
            headers["X-ClearML-Act-As"] = user
        try:
            async with self._session.post(f"{self._url}/{name}", data=json.dumps(body), headers=headers) as response:
                answer = await response.json()
        except (aiohttp.ClientError, ValueError) as error:
            told = f"{self._reason} No server answers at {self._url} ({error}); if one runs, give its --host and --api-port."
            raise Failure(told) from None
        meta = answer["meta"]
        if meta["result_code"] != 200:
            raise ApiError(meta["result_code"], meta["result_subcode"], meta["result_msg"])
        return answer["data"]


Work = Callable[[Caller], Awaitable[None]]


def run(settings: Settings, work: Work) -> int:
    """Do ``work`` with a caller; a failure is told in one line."""
    kernel = load_kernel(settings)
    kernel.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        asyncio.run(_with_caller(kernel, work))
    except (ApiError, Failure, StoreUnavailable) as error:
        print(f"trackyard: {error}", file=sys.stderr)
        return 1
    return 0


async def _with_caller(kernel: Kernel, work: Work) -> None:
    plugin = kernel.plugins.records["identity"].plugin
    realm: Realm = plugin.realm  # type: ignore[union-attr]
    try:
        try:
            await kernel.open_metadata()
        except StoreUnavailable as reason:
            await _with_server(kernel, realm, work, str(reason))
        else:
            await realm.open(kernel)
            await work(DirectCaller(kernel))
    finally:
        await kernel.close()


async def _with_server(kernel: Kernel, realm: Realm, work: Work, reason: str) -> None:
    await realm.read_keys(kernel)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        token = realm.tokens.issue(SYSTEM, TOKEN_SECONDS)
        host = "127.0.0.1" if kernel.server.host in EVERYWHERE else kernel.server.host
        await work(RemoteCaller(session, f"http://{host}:{kernel.server.api_port}", token, web_site(kernel), reason))


async def find(caller: Caller, wanted: str) -> dict[str, Any]:
    """The user with that user name, id or e-mail address."""
    for user in await everybody(caller):
        if username_of(wanted) == user["username"] or wanted in (user["id"], user.get("email")):
            return user
    raise Failure(f"no user {wanted!r}; see trackyard user list")


async def everybody(caller: Caller) -> list[dict[str, Any]]:
    """All users."""
    found: list[dict[str, Any]] = []
    for number in range(sys.maxsize):
        page = (await caller.call("users.get_all_ex", {"page": number, "page_size": PAGE}))["users"]
        found += page
        if len(page) < PAGE:
            break
    return found


def read_password() -> str:
    """A password: typed twice at a terminal, else one line of the standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise Failure("the passwords differ")
    return password


def create(chosen: argparse.Namespace, settings: Settings) -> int:
    """Make a user."""
    username = username_of(chosen.user)

    async def work(caller: Caller) -> None:
        body = {
            "name": chosen.name or username,
            "username": username,
            "company": DEFAULT_COMPANY,
            "email": chosen.email or (username if "@" in username else f"{username}@localhost"),
            "role": chosen.role,
            "password": await asyncio.to_thread(read_password) if chosen.password else None,
        }
        made = await caller.call("auth.create_user", body)
        print(f"user {username} was created ({made['id']})")

    return run(settings, work)


def show(chosen: argparse.Namespace, settings: Settings) -> int:
    """List all users."""

    async def work(caller: Caller) -> None:
        print(f"{'USER':<24} {'NAME':<24} {'ROLE':<10} {'STATE':<8} LAST LOGIN")
        for user in await everybody(caller):
            state = "disabled" if user["disabled"] else "enabled"
            last = str(user["last_login"] or "never")[:19]
            print(f"{user['username'] or user['id']:<24} {user['name']:<24} {user['role']:<10} {state:<8} {last}")

    return run(settings, work)


def password(chosen: argparse.Namespace, settings: Settings) -> int:
    """Set a user's password."""

    async def work(caller: Caller) -> None:
        user = await find(caller, chosen.user)
        text = await asyncio.to_thread(read_password)
        await caller.call("auth.set_password", {"user": user["id"], "password": text})
        print(f"the password of {chosen.user} was set; all sessions of the user have ended")

    return run(settings, work)


def login_link(chosen: argparse.Namespace, settings: Settings) -> int:
    """Make a login link for a user and print it."""

    async def work(caller: Caller) -> None:
        user = await find(caller, chosen.user)
        made = await caller.call("auth.create_login_link", {"user": user["id"]})
        print(f"The link works once, for a day:\n{caller.site}{made['path']}")

    return run(settings, work)


def disable(chosen: argparse.Namespace, settings: Settings) -> int:
    """Block a user, or let the user in again."""

    async def work(caller: Caller) -> None:
        user = await find(caller, chosen.user)
        await caller.call("auth.edit_user", {"user": user["id"], "disabled": not chosen.undo})
        print(f"{chosen.user} is {'enabled' if chosen.undo else 'disabled'}")

    return run(settings, work)


def credentials(chosen: argparse.Namespace, settings: Settings) -> int:
    """Make API credentials of a user and print them."""

    async def work(caller: Caller) -> None:
        user = await find(caller, chosen.user)
        days = chosen.days * 86400 if chosen.days else None
        body = {"label": chosen.label, "role": chosen.role, "expiration_sec": days}
        made = (await caller.call("auth.create_credentials", body, user["id"]))["credentials"]
        print(f"CLEARML_API_ACCESS_KEY={made['access_key']}\nCLEARML_API_SECRET_KEY={made['secret_key']}")

    return run(settings, work)


def _server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address of the server, if it runs (default: that of the settings)")
    parser.add_argument("--api-port", type=int, help="port of its API (default: that of the settings)")


def _user(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("user", metavar="USER", help="user name, e-mail address or id")
    _server(parser)


def _login_link(parser: argparse.ArgumentParser) -> None:
    _user(parser)
    parser.add_argument("--web-port", type=int, help="port of the web site (default: that of the settings)")


def _create(parser: argparse.ArgumentParser) -> None:
    _user(parser)
    parser.add_argument("--name", help="the name that others see (default: the user name)")
    parser.add_argument("--email", help="e-mail address")
    parser.add_argument("--role", default="user", choices=GIVEN_ROLES, help="role")
    parser.add_argument("--password", action="store_true", help="ask for a password (or read it from the standard input)")


def _disable(parser: argparse.ArgumentParser) -> None:
    _user(parser)
    parser.add_argument("--undo", action="store_true", help="let the user in again")


def _credentials(parser: argparse.ArgumentParser) -> None:
    _user(parser)
    parser.add_argument("--label", default="command line", help="what the credentials are for")
    parser.add_argument("--role", choices=GIVEN_ROLES, help="let them do less than the user may")
    parser.add_argument("--days", type=int, help="let them expire after so many days")


COMMANDS = [
    Command("user create", "Make a user", create, _create),
    Command("user list", "List all users", show, _server),
    Command("user password", "Set the password of a user", password, _user),
    Command("user login-link", "Make a one-time login link for a user", login_link, _login_link),
    Command("user disable", "Block a user", disable, _disable),
    Command("user credentials", "Make API credentials of a user", credentials, _credentials),
]
