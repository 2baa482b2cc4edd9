"""One server and one browser for each module; a page that complains about errors and failed requests when its test ends."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ADMIN_PASSWORD, ServerProcess

from tests.needs import missing

T = TypeVar("T")
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT = 90_000
"""Milliseconds that any assertion waits at most: the machine may be busy."""


@dataclass
class Watch:
    """What went wrong on a page."""

    problems: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        """Note errors of the console, exceptions, failed requests and answers that are errors."""
        page.on("console", lambda message: message.type == "error" and self.problems.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        page.on("response", lambda answer: answer.status >= 400 and self.problems.append(f"{answer.status} {answer.url}"))
        # leaving a page ends its requests: that is no fault
        page.on(
            "requestfailed",
            lambda request: "ERR_ABORTED" in str(request.failure) or self.problems.append(f"{request.failure} {request.url}"),
        )


def with_api(server: ServerProcess, work: Callable[[Api], Awaitable[T]]) -> T:
    """Run ``work`` with a client of the server's API."""

    async def run() -> T:
        async with aiohttp.ClientSession() as session:
            urls = {"api": server.api, "web": server.web, "files": server.files}
            return await work(Api(session, urls))

    # in a thread: Playwright's own loop runs in this one
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result()


def call(server: ServerProcess, endpoint: str, **fields: Any) -> Any:
    """The data of a call that must succeed."""
    return with_api(server, lambda api: api.call(endpoint, fields))


def until(check: Callable[[], bool], what: str) -> None:
    """Wait until ``check`` is true; it may change only by what runs elsewhere."""
    end = time.monotonic() + WAIT / 1000
    while not check():
        assert time.monotonic() < end, f"not within {WAIT // 1000} s: {what}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of the module's own, empty."""
    with ServerProcess(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not shutil.which(CHROMIUM):
        missing("chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def state(server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cookie of the administrator, as Playwright keeps it."""
    token = call(server, "auth.login")["token"]
    cookie = {
        "name": "clearml_token_basic",
        "value": token,
        "domain": "127.0.0.1",
        "path": "/",
        "expires": -1,
        "httpOnly": True,
        "secure": False,
        "sameSite": "Lax",
    }
    path: Path = tmp_path_factory.mktemp("state") / "state.json"
    path.write_text(json.dumps({"cookies": [cookie], "origins": []}))
    return path


@pytest.fixture
def context(browser: Browser, state: Path) -> Iterator[BrowserContext]:
    """A browser window of the administrator."""
    opened = browser.new_context(storage_state=state, viewport={"width": 1440, "height": 900}, accept_downloads=True)
    opened.set_default_timeout(WAIT)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test for any error of the console and any failed request."""
    watch = Watch()
    opened = context.new_page()
    watch.follow(opened)
    yield opened
    opened.close()
    assert not watch.problems, "\n".join(watch.problems)


__all__ = ["ADMIN_PASSWORD", "WAIT", "Watch", "call", "until", "with_api"]
