"""The service ``autoscaler``: looks, decides, and does it exactly once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from trackyard.core import clock
from trackyard.core.hookspecs import hookimpl
from trackyard.core.ids import new_id
from trackyard.core.instances import InstanceProvider, InstanceProviderOffer, InstanceRequest, NoCapacity
from trackyard.core.plugin import Plugin
from trackyard.core.services import Context, Interval, Service, ServiceOffer, Trigger
from trackyard.plugins.autoscaler import docker_provider
from trackyard.plugins.autoscaler.decisions import Decision, Machine, State, decide
from trackyard.plugins.autoscaler.settings import AutoscalerSettings

HOURS_KEPT = 31 * 24


class Kept(msgspec.Struct):
    """An instance in the store. ``planned``: it may have been asked for; ``stopping``: its end may have been asked for."""

    label: str
    resource: str
    price: float
    spot: bool
    seen: str
    idle: str = ""
    state: str = "planned"


class Autoscaler(Service):
    """One step looks at queues, workers and instances, and does what `decide` says. The store has each instance before the
    provider is asked for it, so that a crash starts none twice and loses none."""

    name = "autoscaler"
    title = "Autoscaler"
    summary = "Starts instances when tasks wait and the budget permits, and stops idle ones"
    settings_type = AutoscalerSettings
    settings: AutoscalerSettings
    private = ("api_host", "access_key", "secret_key")
    calls = ("queues.get_all", "workers.get_all")

    def __init__(self, settings: AutoscalerSettings) -> None:
        super().__init__(settings)
        settings.check()
        self._resources = {resource.name: resource for resource in settings.resources}
        self._provider: InstanceProvider
        self._told: list[Decision] = []

    def triggers(self) -> Sequence[Trigger]:
        """A step every few seconds."""
        return [Interval(self.settings.poll_seconds, self.step)]

    async def start(self, context: Context) -> None:
        """Find the provider."""
        offers: list[InstanceProviderOffer] = context.provided("instance_providers")
        offer = next((one for one in offers if one.name == self.settings.provider), None)
        if offer is None:
            known = ", ".join(sorted(one.name for one in offers))
            raise ValueError(f"provider: found {self.settings.provider!r}; expected one of {known}")
        self._provider = offer.make()

    async def step(self, context: Context) -> None:
        """Finish what was begun, look, decide, and do it."""
        await self._account(context)
        for kept in self._kept(context):
            if kept.state == "planned":
                await self._launch(context, kept)
            elif kept.state == "stopping":
                await self._end(context, kept)
        state = await self._look(context)
        decisions = decide(state, self.settings)
        if decisions != self._told:
            for decision in decisions:
                self._tell(context, decision)
        self._told = decisions
        if not self.settings.dry_run:
            for decision in decisions:
                await self._do(context, decision)
        self._report(context, state)

    async def stop(self, context: Context) -> None:
        """When a user stops the service, instances that are not busy end; busy ones stay and are told."""
        kept = self._kept(context)
        workers = await self._workers(context) if kept else {}
        for one in kept:
            if any(busy for name, busy in workers.items() if _is_worker(name, one)):
                context.log.warning(f"{one.label} is busy and goes on; stop it by hand, or start this service again")
            else:
                one.state = "stopping"
                await _save(context, one)
                await self._end(context, one)

    def _kept(self, context: Context) -> list[Kept]:
        return [msgspec.convert(context.store.get(key), Kept) for key in context.store.keys("instance ")]

    def _tell(self, context: Context, decision: Decision) -> None:
        prefix = "dry run: would " if self.settings.dry_run and decision.action != "hold" else ""
        context.log.info(f"{prefix}{decision.action} {decision.resource} {decision.label}: {decision.reason}")

    async def _look(self, context: Context) -> State:
        queues = (await context.call("queues.get_all", only_fields=["id", "name", "entries"]))["queues"]
        waiting = {queue["name"]: len(queue.get("entries") or []) for queue in queues}
        kept = self._kept(context)
        alive = await self._provider.labels(context.task) if kept else set()
        workers = await self._workers(context) if kept else {}
        now = context.now()
        machines = [await self._machine(context, one, alive, workers, now) for one in kept]
        since = {name: _seconds(context.store.get(f"started {name}"), now) for name in self._resources}
        started = {name: seconds for name, seconds in since.items() if context.store.get(f"started {name}")}
        spent: dict[str, float] = context.store.get("spent", {})
        stamp = clock.iso(now)
        return State(waiting, machines, _sum(spent, stamp[:10]), _sum(spent, stamp[:7]), started)

    async def _workers(self, context: Context) -> dict[str, bool]:
        """Whether each worker is busy."""
        found = (await context.call("workers.get_all"))["workers"]
        return {worker["id"]: bool((worker.get("task") or {}).get("id")) for worker in found}

    async def _machine(
        self, context: Context, kept: Kept, alive: set[str], workers: Mapping[str, bool], now: datetime
    ) -> Machine:
        mine = [busy for name, busy in workers.items() if _is_worker(name, kept)]
        before = msgspec.structs.asdict(kept)
        stamp = clock.iso(now)
        if mine:
            kept.seen = stamp
            kept.idle = "" if any(mine) else kept.idle or stamp
        if msgspec.structs.asdict(kept) != before:
            await _save(context, kept)
        idle, silent = _seconds(kept.idle, now), _seconds(kept.seen, now)
        return Machine(kept.label, kept.resource, kept.price, kept.label in alive, bool(mine), any(mine), idle, silent)

    async def _do(self, context: Context, decision: Decision) -> None:
        if decision.action == "start":
            resource = self._resources[decision.resource]
            price = resource.spot_price if resource.spot else resource.price
            stamp = clock.iso(context.now())
            kept = Kept(f"trackyard-{new_id()}", resource.name, price, resource.spot, stamp)
            await context.store.put_many({_key(kept): msgspec.to_builtins(kept), f"started {resource.name}": stamp})
            await self._launch(context, kept)
        elif decision.action == "stop":
            found = next(one for one in self._kept(context) if one.label == decision.label)
            # it may have taken a task since
            workers = await self._workers(context)
            if any(busy for name, busy in workers.items() if _is_worker(name, found)):
                return
            found.state = "stopping"
            await _save(context, found)
            await self._end(context, found)

    async def _launch(self, context: Context, kept: Kept) -> None:
        resource = self._resources.get(kept.resource)
        if resource is None:
            await self._end(context, kept)
            return
        try:
            await self._provider.start(self._request(context, kept))
        except NoCapacity as error:
            context.log.warning(f"{kept.resource}: {error}")
            if not (kept.spot and resource.fallback):
                await self._end(context, kept)
                return
            kept.spot, kept.price = False, resource.price
            await _save(context, kept)
            await self._launch(context, kept)
            return
        kept.state = "running"
        await _save(context, kept)

    def _request(self, context: Context, kept: Kept) -> InstanceRequest:
        resource, settings = self._resources[kept.resource], self.settings
        environment = {
            "CLEARML_API_HOST": settings.api_host,
            "CLEARML_API_ACCESS_KEY": settings.access_key,
            "CLEARML_API_SECRET_KEY": settings.secret_key,
            "CLEARML_WORKER_ID": kept.label,
            "TRACKYARD_QUEUE": resource.queue,
        }
        return InstanceRequest(kept.label, context.task, resource.kind, kept.spot, resource.script, environment)

    async def _end(self, context: Context, kept: Kept) -> None:
        await self._provider.stop(kept.label)
        await context.store.put(_key(kept), None)

    async def _account(self, context: Context) -> None:
        """Add what all instances cost since the last step to the hours in which it was."""
        now = context.now()
        last = context.store.get("accounted")
        rate = sum(kept.price for kept in self._kept(context))
        spent: dict[str, float] = dict(context.store.get("spent", {}))
        moment = datetime.fromisoformat(last) if last else now
        while rate and moment < now:
            end = min(now, moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1))
            hour = clock.iso(moment)[:13]
            spent[hour] = spent.get(hour, 0.0) + rate * (end - moment).total_seconds() / 3600
            moment = end
        newest = dict(sorted(spent.items())[-HOURS_KEPT:])
        await context.store.put_many({"spent": newest, "accounted": clock.iso(now)})

    def _report(self, context: Context, state: State) -> None:
        iteration = int(context.now().timestamp())
        for queue in sorted({resource.queue for resource in self.settings.resources}):
            context.scalar("queue", queue, state.waiting.get(queue, 0), iteration)
        for name in sorted(self._resources):
            context.scalar("instances", name, sum(one.resource == name for one in state.machines), iteration)
        context.scalar("spend", "day", state.day, iteration)
        context.scalar("spend", "month", state.month, iteration)


def _is_worker(worker: str, kept: Kept) -> bool:
    return worker.split(":")[0] == kept.label


def _key(kept: Kept) -> str:
    return f"instance {kept.label}"


async def _save(context: Context, kept: Kept) -> None:
    await context.store.put(_key(kept), msgspec.to_builtins(kept))


def _seconds(stamp: Any, now: datetime) -> float:
    return max(0.0, (now - datetime.fromisoformat(stamp)).total_seconds()) if stamp else 0.0


def _sum(spent: Mapping[str, float], prefix: str) -> float:
    return sum(money for hour, money in spent.items() if hour.startswith(prefix))


class AutoscalerPlugin(Plugin):
    """Registers the service and the provider for Docker."""

    name = "autoscaler"
    summary = "A service that starts and stops instances for queues, with Docker as a provider"
    settings_type = AutoscalerSettings
    settings: AutoscalerSettings

    @hookimpl
    def trackyard_services(self) -> list[ServiceOffer]:
        """The service."""
        return [ServiceOffer(Autoscaler, self.settings)]

    @hookimpl
    def trackyard_instance_providers(self) -> list[InstanceProviderOffer]:
        """Docker."""
        return [docker_provider.OFFER]
