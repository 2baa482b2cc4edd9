"""One server in the process with a team's work, for all tests of the pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from aiohttp import ClientResponse
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel

from tests.ui.fill import fill

NOW = 1_790_000_000_000
ATTACK = "<img src=x onerror=hack()>\"'{{7*7}}</script><script>hack()</script>"


@dataclass(frozen=True)
class Site:
    """The web site with a session, and what is in it."""

    api: Api
    tasks: list[str]
    attacked: str
    project: str
    cookie: str

    async def get(self, path: str, *, anonymous: bool = False) -> tuple[ClientResponse, str]:
        """The answer to a path and its text; redirects are not followed."""
        headers = {} if anonymous else {"Cookie": self.cookie, "Sec-Fetch-Site": "same-origin"}
        async with self.api.session.get(self.api.urls["web"] + path, headers=headers, allow_redirects=False) as response:
            return response, await response.text()


@pytest_asyncio.fixture(loop_scope="package", scope="package")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A filled server; one task has markup of an attacker in every field that a client can write."""
    async with serving_kernel(await asyncio.to_thread(tmp_path_factory.mktemp, "site")) as api:
        tasks = await fill(api, NOW, tasks=9, rich=1)
        project = (await api.call("projects.create", {"name": f"Attack {ATTACK}".replace("/", "|"), "description": ATTACK}))["id"]
        attacked = await attack(api, project)
        token = (await api.call("auth.login"))["token"]
        yield Site(api, tasks, attacked, project, f"clearml_token_basic={token}")


async def attack(api: Api, project: str) -> str:
    """A failed task with markup in its fields."""
    parameter = {"section": ATTACK, "name": ATTACK, "value": ATTACK, "type": ATTACK, "description": ATTACK}
    task = await api.call(
        "tasks.create",
        {
            "name": f"attack {ATTACK}",
            "type": "training",
            "project": project,
            "tags": [ATTACK],
            "comment": ATTACK,
            "hyperparams": {ATTACK: {ATTACK: parameter}, "properties": {ATTACK: parameter}},
            "configuration": {ATTACK: {"name": ATTACK, "value": ATTACK, "type": ATTACK}},
            "script": {
                "repository": ATTACK,
                "entry_point": ATTACK,
                "diff": ATTACK,
                "requirements": {"pip": ATTACK, ATTACK: ATTACK},
            },
            "container": {"image": ATTACK, "arguments": ATTACK, "setup_shell_script": ATTACK},
        },
    )
    name = str(task["id"])
    await api.call("tasks.started", task=name)
    artifact = {
        "key": ATTACK,
        "type": ATTACK,
        "uri": f"javascript:{ATTACK}",
        "type_data": {"preview": ATTACK},
        "display_data": [[ATTACK, ATTACK]],
    }
    await api.call("tasks.add_or_update_artifacts", task=name, force=True, artifacts=[artifact])
    await api.call("tasks.edit", task=name, force=True, runtime={ATTACK: ATTACK})
    events = [
        {"type": "log", "task": name, "level": "INFO", "msg": ATTACK, "timestamp": NOW},
        {
            "type": "training_stats_scalar",
            "task": name,
            "metric": ATTACK,
            "variant": ATTACK,
            "iter": 1,
            "value": 1.0,
            "timestamp": NOW,
        },
    ]
    await api.batch("events.add_batch", events)
    await api.call("tasks.failed", task=name, status_reason=ATTACK, status_message=ATTACK)
    return name
