"""Servers in the process for the pages that manage: one with nothing in it, one whose names hold markup of an attacker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel

from tests.ui.conftest import ATTACK, Site
from tests.ui_manage.fill import dataset, pipeline

NAME = f"attack {ATTACK}"
REPORT = f"# {ATTACK}\n\n[link](javascript:hack()) <iframe src='https://example.com/widgets/?a=1&amp;b=2'></iframe>"
SECRET = "never-shown-secret"


async def _site(api: Api, tasks: list[str], project: str) -> Site:
    token = (await api.call("auth.login"))["token"]
    return Site(api, tasks, tasks[0] if tasks else "", project, f"clearml_token_basic={token}")


@pytest_asyncio.fixture(loop_scope="package", scope="package")
async def empty_site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A server that nobody has used: the queue that the server makes by itself is deleted."""
    async with serving_kernel(await asyncio.to_thread(tmp_path_factory.mktemp, "empty")) as api:
        for queue in (await api.call("queues.get_all"))["queues"]:
            await api.call("queues.delete", queue=queue["id"], force=True)
        yield await _site(api, [], "")


@pytest_asyncio.fixture(loop_scope="package", scope="package")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A server whose queues, workers, tasks, models and credentials have hostile names."""
    async with serving_kernel(await asyncio.to_thread(tmp_path_factory.mktemp, "manage")) as api:
        project = (await api.call("projects.create", {"name": NAME.replace("/", "|")}))["id"]
        tasks = [await _task(api, project, number) for number in range(3)]
        queue = await _queue(api, tasks)
        await _worker(api, queue)
        await _settings(api)
        await _model(api, tasks, project)
        service = {"name": NAME, "type": "service", "project": project, "tags": [ATTACK]}
        await api.call("tasks.create", service)
        await api.call("services.start", {"name": "cleanup", "title": NAME, "settings": {"projects": [ATTACK]}})
        await api.call("reports.create", {"name": NAME, "comment": ATTACK, "report": REPORT, "project": project})
        await _endpoints(api)
        safe = NAME.replace("/", "|")
        await dataset(api, "Vision", safe, ATTACK)
        await pipeline(api, "Vision", safe, ATTACK)
        yield await _site(api, tasks, project)


async def _task(api: Api, project: str, number: int) -> str:
    script = {"repository": "https://example.com/code.git", "entry_point": "train.py"}
    body = {"name": f"{NAME} {number}", "type": "training", "project": project, "script": script}
    return str((await api.call("tasks.create", body))["id"])


async def _queue(api: Api, tasks: list[str]) -> str:
    queue = str((await api.call("queues.create", name=NAME, tags=[ATTACK]))["id"])
    for task in tasks:
        await api.call("tasks.enqueue", task=task, queue=queue)
    return queue


async def _worker(api: Api, queue: str) -> None:
    await api.call("workers.register", worker=NAME, queues=[queue], tags=[ATTACK], timeout=3600)
    await api.call("workers.status_report", worker=NAME, queues=[queue], timestamp=1_790_000_000_000)


async def _settings(api: Api) -> None:
    """Credentials, a user and a bucket."""
    company = (await api.call("users.get_current_user"))["user"]["company"]["id"]
    await api.call("auth.create_credentials", label=NAME[:60])
    await api.call("auth.create_user", {"name": NAME[:60], "email": "mallory@example.com", "company": company})
    await api.call(
        "storage.set_settings", {"aws": {"key": "known", "secret": SECRET, "buckets": [{"bucket": NAME, "secret": SECRET}]}}
    )


async def _model(api: Api, tasks: list[str], project: str) -> None:
    """A model that a task made and another one takes."""
    entry = {"key": NAME, "type": ATTACK, "value": ATTACK}
    body = {
        "name": NAME,
        "framework": ATTACK,
        "uri": f"javascript:{ATTACK}",
        "comment": ATTACK,
        "task": tasks[0],
        "project": project,
    }
    more = {"tags": [ATTACK], "labels": {ATTACK: 1}, "metadata": [entry], "design": {"design": ATTACK}, "ready": False}
    model = (await api.call("models.create", body | more))["id"]
    await api.call("tasks.create", {"name": NAME, "type": "testing", "models": {"input": [{"name": ATTACK, "model": model}]}})


async def _endpoints(api: Api) -> None:
    """An endpoint that answers on one instance, and one that is being loaded."""
    body = {"container_id": NAME, "endpoint_name": NAME, "endpoint_url": f"http://serve/{NAME}", "model_name": NAME}
    await api.call("serving.register_container", body | {"input_type": ATTACK, "model_version": ATTACK})
    numbers = {"uptime_sec": 60, "requests_num": 7, "requests_min": 2.5, "latency_ms": 12}
    reference = [{"type": "url", "value": f"javascript:{ATTACK}"}]
    await api.call("serving.container_status_report", {**body, **numbers, "reference": reference})
    await api.call("serving.register_container", body | {"container_id": f"{NAME} loads", "endpoint_url": ""})
