"""The autoscaler against a real server, with a provider in the test's process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from trackyard.core.hookspecs import hookimpl
from trackyard.core.instances import InstanceProviderOffer, InstanceRequest, NoCapacity
from trackyard.core.plugin import Plugin
from trackyard.core.testing.services import ServiceKit, running_service

GPU = {"queue": "gpu", "kind": "image", "price": 1.0, "maximum": 3, "idle_minutes": 1}


class Cloud:
    """A provider that counts. ``dies``: raise before or after the next start or stop."""

    def __init__(self) -> None:
        """Nothing runs."""
        self.running: dict[str, InstanceRequest] = {}
        self.started: list[str] = []
        self.dies = ""
        self.most = 0

    async def labels(self, fleet: str) -> set[str]:
        return {label for label, request in self.running.items() if request.fleet == fleet}

    async def start(self, request: InstanceRequest) -> None:
        self._die("before start")
        if request.spot:
            raise NoCapacity("no spot today")
        if request.label not in self.running:
            self.started.append(request.label)
        self.running[request.label] = request
        self.most = max(self.most, len(self.running))
        self._die("after start")

    async def stop(self, label: str) -> None:
        self._die("before stop")
        self.running.pop(label, None)
        self._die("after stop")

    def _die(self, where: str) -> None:
        if self.dies == where:
            self.dies = ""
            raise RuntimeError("the host dies")


CLOUD = Cloud()


class CloudPlugin(Plugin):
    """Registers the provider."""

    name = "cloud"
    summary = "Instances of the tests"

    @hookimpl
    def trackyard_instance_providers(self) -> list[InstanceProviderOffer]:
        """One provider."""
        return [InstanceProviderOffer("cloud", "of the tests", lambda: CLOUD)]


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[ServiceKit]:
    """A server with a queue; the service that runs on it does nothing here."""
    CLOUD.__init__()  # type: ignore[misc]
    async with running_service(tmp_path, None, "cleanup", plugins=[CloudPlugin]) as kit:
        await kit.api.call("queues.create", name="gpu")
        yield kit


async def begin(kit: ServiceKit, resource: dict[str, Any] | None = None, **settings: Any) -> ServiceKit:
    """An autoscaler on the kit's server."""
    chosen = {"provider": "cloud", "dry_run": False, "resources": [{**GPU, **(resource or {})}], **settings}
    return await kit.another("autoscaler", chosen)


async def enqueue(kit: ServiceKit, count: int) -> None:
    """Tasks that wait."""
    for number in range(count):
        task = (await kit.api.call("tasks.create", name=f"task {number}", type="training"))["id"]
        await kit.api.call("tasks.enqueue", task=task, queue_name="gpu")


async def work(kit: ServiceKit, running: dict[str, str]) -> None:
    """Every instance's worker ends its task and takes the next one."""
    queue = (await kit.api.call("queues.get_all", name="^gpu$"))["queues"][0]["id"]
    for label in sorted(CLOUD.running):
        if label in running:
            await kit.api.call("tasks.completed", task=running.pop(label))
        entry = (await kit.api.call("queues.get_next_task", queue=queue)).get("entry")
        fields = {"task": entry["task"]} if entry else {}
        if entry:
            await kit.api.call("tasks.started", task=entry["task"])
            running[label] = entry["task"]
        await kit.api.call("workers.register", worker=label, queues=[queue])
        now = int(kit.time.timestamp() * 1000)
        await kit.api.call("workers.status_report", worker=label, timestamp=now, queues=[queue], **fields)


async def test_hook_instance_providers(kit: ServiceKit) -> None:
    """Providers of plugins are found by name; another name is told with those that there are."""
    assert {"cloud", "docker"} <= {offer.name for offer in kit.api.kernel.plugins.provided("instance_providers")}
    with pytest.raises(Exception, match="expected one of cloud, docker"):
        await begin(kit, provider="nonsense")


async def test_from_zero_to_the_maximum_and_back_while_twelve_tasks_pass(kit: ServiceKit) -> None:
    made = await begin(kit)
    await enqueue(kit, 12)
    running: dict[str, str] = {}
    for _ in range(20):
        await made.advance(15)
        assert set(running) <= set(CLOUD.running)
        await work(kit, running)
    done = (await kit.api.call("tasks.get_all", status=["completed"], type=["training"]))["tasks"]
    assert (len(done), CLOUD.most, CLOUD.running) == (12, 3, {}), await made.log()
    assert made.instance.context.store.keys("instance ") == []
    assert sum(made.state("spent").values()) > 0
    assert "tasks wait, but the maximum of 3 is reached" in await made.log()


@pytest.mark.parametrize("where", ["before start", "after start", "before stop", "after stop"])
async def test_a_kill_starts_none_twice_and_loses_none(kit: ServiceKit, where: str) -> None:
    made = await begin(kit, {"maximum": 1})
    await enqueue(kit, 1)
    CLOUD.dies = where
    running: dict[str, str] = {}
    for _ in range(12):
        await made.advance(15)
        if not CLOUD.dies and where:
            await made.kill()
            await made.open()
            where = ""
        await work(kit, running)
    assert not where
    assert (len(CLOUD.started), CLOUD.running) == (1, {}), await made.log()
    assert made.instance.context.store.keys("instance ") == []


async def test_the_budget_holds(kit: ServiceKit) -> None:
    made = await begin(kit, per_hour=2.0)
    await enqueue(kit, 5)
    await made.advance(60)
    assert len(CLOUD.running) == 2
    assert "3.00 per hour would be above 2.00" in await made.log()


async def test_a_dry_run_tells_and_starts_nothing(kit: ServiceKit) -> None:
    made = await begin(kit, dry_run=True)
    await enqueue(kit, 1)
    await made.advance(60)
    assert CLOUD.started == []
    assert (await made.log()).count("dry run: would start gpu/image : tasks wait") == 1


@pytest.mark.parametrize(("fallback", "count"), [(True, 1), (False, 0)])
async def test_spot_falls_back(kit: ServiceKit, fallback: bool, count: int) -> None:
    made = await begin(kit, {"spot": True, "fallback": fallback})
    await enqueue(kit, 1)
    await made.advance(15)
    assert len(CLOUD.running) == count
    assert "no spot today" in await made.log()


async def test_a_dead_instance_is_replaced(kit: ServiceKit) -> None:
    made = await begin(kit)
    await enqueue(kit, 1)
    await made.advance(15)
    CLOUD.running.clear()
    await made.advance(15)
    assert (len(CLOUD.started), len(CLOUD.running)) == (2, 1)


async def test_wrong_settings_are_told(kit: ServiceKit) -> None:
    for settings, told in (
        ({}, "at least one is needed"),
        ({"resources": [{**GPU, "minimum": 5}]}, "minimum must not be above maximum"),
        ({"resources": [GPU, GPU]}, "each pair once"),
    ):
        answer = await kit.api.ask("services.start", {"name": "autoscaler", "settings": settings})
        assert answer.codes == (400, 12)
        assert told in answer.meta["result_msg"]
