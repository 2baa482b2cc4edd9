"""Runs one service for one task: takes the lease, calls what is due, retries what failed, keeps the state."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from trackyard.core import clock, ids
from trackyard.core.client import ApiClient, CallFailed
from trackyard.core.query.dates import parse_ms
from trackyard.core.services.context import Caller, Context, LostLease, Provided, Store
from trackyard.core.services.contract import Cron, Interval, Once, Service, ServiceOffer, Trigger, name_of
from trackyard.core.services.feed import OVERLAP, Happening, key_of
from trackyard.core.services.settings import SettingProblem, read_settings

LEASE_SECONDS = 30.0
REPORT_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 3600.0
ATTEMPTS = 5
"""How often a run for one happening, or the run of `Once`, is tried before it is given up."""
STOP_SECONDS = 8.0
CLOSE_SECONDS = 3.0
REMEMBERED = 2000
"""How many happenings are remembered at most."""
LOST = 409
"""The subcode by which the server tells that the lease is lost."""
TIMED = (Interval, Cron, Once)
"""The triggers that wait for a time; all others wait for something to happen."""
log = logging.getLogger(__name__)


@dataclass
class Plan:
    """A trigger and how it stands: its failures in a row, and when it is tried again."""

    trigger: Trigger
    name: str
    failures: int = 0
    retry_at: datetime | None = None
    waiting: list[Happening] = field(default_factory=list)


@dataclass
class Status:
    """What is shown of a running service."""

    state: str = "idle"
    last_run: str = ""
    next_run: str = ""
    runs: int = 0
    failures: int = 0
    error: str = ""


class ServiceFailed(Exception):
    """The service can't go on; the message says why."""


class Instance:
    """One service at work; used as ``async with``. `step` runs what is due, `run_to_end` does so until it ends.

    ``host`` calls the endpoints of the contract (``services.claim``, ``report``, ``save``, ``release``); the service itself
    calls the API at ``url`` with the access key that the claim gave.
    """

    def __init__(self, provided: Provided, task: str, host: Caller, url: str, now: Callable[[], datetime] = clock.now) -> None:
        """``provided`` tells what the plugins here register by a hook (``services`` among them), ``now`` is the clock."""
        self._provided = provided
        self._offers: dict[str, ServiceOffer] = {offer.name: offer for offer in provided("services")}
        self._task, self._host, self._url, self._now = task, host, url, now
        self._holder = ids.new_id()
        self._plans: list[Plan] = []
        self._parameters: dict[str, str] = {}
        self._wanted: dict[str, str] = {}
        self._running: asyncio.Future[None] | None = None
        self._fence = 0
        self._lost = False
        self._wake = asyncio.Event()
        self._client: ApiClient
        self.status = Status()
        self.stopping = False
        self.context: Context
        self.service: Service

    async def __aenter__(self) -> Self:
        """Take the lease and start the service. Raises `LostLease` when another host has it, `ServiceFailed`."""
        claimed = await self._contract("services.claim", holder=self._holder, seconds=LEASE_SECONDS)
        self._fence, self._parameters = claimed["fence"], claimed["settings"]
        self._wanted = self._parameters
        self._client = ApiClient(self._url, claimed["access_key"], claimed["secret_key"], f"service:{claimed['service']}")
        self.context = Context(
            self._task, self._fence, self._client, Store(claimed["state"], self._save), self._now, self._provided
        )
        await self._client.__aenter__()
        try:
            await self._prepare(claimed["service"])
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._close()

    async def abandon(self) -> None:
        """End as a crash would: nothing is told and nothing given up."""
        await self._client.__aexit__(None, None, None)

    async def _close(self) -> None:
        """Send what was logged and give the lease up, within seconds: the server may be away. The state stays."""
        try:
            if not self._lost:
                await self._leave(self.context.flush())
                await self._leave(self._contract("services.release", holder=self._holder, fence=self._fence))
        finally:
            await self._client.__aexit__(None, None, None)

    async def _leave(self, work: Coroutine[Any, Any, Any]) -> None:
        with contextlib.suppress(CallFailed, LostLease, TimeoutError):
            await asyncio.wait_for(work, CLOSE_SECONDS)

    async def _prepare(self, name: str) -> None:
        """Make the service from its settings and plan its triggers."""
        offer = self._offers.get(name)
        if offer is None:
            raise ServiceFailed(f"there is no service {name!r} here; installed: {', '.join(sorted(self._offers)) or 'none'}")
        try:
            # time zones are read from files
            self.service, triggers = await asyncio.to_thread(make_service, offer, self._parameters)
        except (SettingProblem, ValueError) as error:
            raise ServiceFailed(f"wrong settings: {error}") from error
        self._plans = [Plan(trigger, name_of(trigger)) for trigger in triggers]
        self._since = self._now()
        if self.context.store.get("@opened") is None:
            await self.context.store.put("@opened", clock.iso(self._since))
        try:
            await self.service.start(self.context)
        except LostLease:
            raise
        except Exception as error:
            self.context.log.error(traceback.format_exc())
            raise ServiceFailed(f"it did not start: {type(error).__name__}: {error}") from error

    async def run_to_end(self) -> tuple[str, str]:
        """Work until the service ends: the call that tells its task's end, and the message. Raises `LostLease`.

        Cancelled, the service is left as it is and the next host goes on.
        """
        try:
            await self._run()
        except ServiceFailed as error:
            await self._stop()
            return "tasks.failed", str(error)
        await self._stop()
        if self.stopping:
            return "tasks.stopped", "Stopped by the user"
        return "tasks.failed" if self.context.failed else "tasks.completed", self.context.finished or ""

    async def _run(self) -> None:
        parts = [asyncio.create_task(self._work()), asyncio.create_task(self._keep())]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            due = await self.step()
            if self._ended:
                return
            await self._sleep_until(due)

    @property
    def _ended(self) -> bool:
        return self.stopping or self.context.finished is not None

    async def _stop(self) -> None:
        """Tell the service that it ends for good, within a deadline; a failure is logged."""
        try:
            await asyncio.wait_for(self.service.stop(self.context), STOP_SECONDS)
        except Exception:
            self.context.log.error(traceback.format_exc())
        await self.context.flush()

    async def step(self) -> datetime | None:
        """Run everything that is due now, one after the other; when the next run is due (None: never)."""
        while True:
            if self._wanted != self._parameters:
                self.context.log.info("the settings were changed")
                self._parameters = self._wanted
                await self._prepare(self.service.name)
            while not self._ended and (plan := self._first_due()) is not None:
                await self._attempt(plan)
            due = self._next_due()
            await self.context.flush()
            await self.report()
            if self._ended or self._wanted == self._parameters:
                return due

    def _next_due(self) -> datetime | None:
        times = [due for plan in self._plans if (due := self._due(plan)) is not None]
        if not times and not self._ended:
            self.context.finish("nothing more to do")
        self.status.next_run = clock.iso(min(times)) if times and not self._ended else ""
        return min(times, default=None)

    def _first_due(self) -> Plan | None:
        now = self._now()
        due = [(when, index) for index, plan in enumerate(self._plans) if (when := self._due(plan)) is not None and when <= now]
        return self._plans[min(due)[1]] if due else None

    def _due(self, plan: Plan) -> datetime | None:
        return plan.retry_at or self._planned(plan)

    def _planned(self, plan: Plan) -> datetime | None:
        """The time of the next run, failures left aside."""
        last = self._moment(f"@run {plan.name}")
        since = self._since if last is not None else self._moment("@opened") or self._since
        if isinstance(plan.trigger, TIMED):
            return plan.trigger.due(last, since)
        return since if last is None else max(last + timedelta(seconds=plan.trigger.seconds), since)

    def _moment(self, key: str) -> datetime | None:
        ms = parse_ms(self.context.store.get(key))
        return None if ms is None else clock.EPOCH + timedelta(milliseconds=ms)

    async def _attempt(self, plan: Plan) -> None:
        """One run of one trigger. A failure is logged, shown, and tried again after a pause that grows."""
        began = self._now()
        self.context.due = self._planned(plan) or began
        self.status.state, self.status.last_run = "running", clock.iso(began)
        work = self._look(plan) if not isinstance(plan.trigger, TIMED) else plan.trigger.run(self.context)
        self._running = asyncio.ensure_future(work)
        try:
            await self._running
        except asyncio.CancelledError:
            if not self.stopping:
                raise
        except LostLease:
            raise
        except Exception as error:
            self._failed(plan, error)
            if plan.failures >= ATTEMPTS and isinstance(plan.trigger, Once):
                raise ServiceFailed(self.status.error) from error
        else:
            plan.failures, plan.retry_at = 0, None
            self.status.error = ""
            await self.context.store.put(f"@run {plan.name}", clock.iso(began))
        finally:
            self._running.cancel()
            self._running = None
            self.status.state = "failing" if self.status.error else "idle"
            self.status.runs += 1

    def _failed(self, plan: Plan, error: Exception) -> None:
        plan.failures += 1
        self.status.failures += 1
        pause = min(FIRST_PAUSE * 2 ** (plan.failures - 1), LONGEST_PAUSE)
        plan.retry_at = self._now() + timedelta(seconds=pause)
        self.status.error = f"{plan.name}: {type(error).__name__}: {error}"
        told = "".join(traceback.format_exception(error)).rstrip()
        self.context.log.error(f"{self.status.error} (failure {plan.failures}; again in {pause:.0f} s)\n{told}")

    async def _look(self, plan: Plan) -> None:
        """Call the service for each thing that happened; how far it is is kept after each."""
        trigger = plan.trigger
        assert not isinstance(trigger, TIMED)  # noqa: S101 - it is called for no other
        store, seen_key, since_key = self.context.store, f"@seen {plan.name}", f"@since {plan.name}"
        began = self._moment(since_key)
        if began is None:
            began = self._since
            await store.put(since_key, clock.iso(began))
        seen: dict[str, str] = dict(store.get(seen_key, {}))
        found = [item for item in await trigger.look(self.context, began) if key_of(item) not in seen]
        for item in found:
            if plan.failures < ATTEMPTS:
                await trigger.run(self.context, item)
            else:
                self.context.log.error(f"{plan.name}: given up for {item.kind} {item.id} after {ATTEMPTS} attempts")
            plan.failures = 0
            seen[key_of(item)] = item.at
            await store.put(seen_key, seen)
        if found:
            await self._forget_old(store, seen, seen_key, since_key)

    async def _forget_old(self, store: Store, seen: dict[str, str], seen_key: str, since_key: str) -> None:
        """Look from a little before the newest next time, and remember what lies after that.

        A model is known by its id and would be found again when it is changed: the newest are remembered longer.
        """
        newest = max(parse_ms(at) or 0.0 for at in seen.values()) - OVERLAP / timedelta(milliseconds=1)
        begin = max(newest, parse_ms(store.get(since_key)) or 0.0)
        recent = sorted(seen, key=lambda key: seen[key])[-REMEMBERED:]
        kept = {key: seen[key] for key in recent if (parse_ms(seen[key]) or 0.0) >= begin or " " not in key}
        since = clock.EPOCH + timedelta(milliseconds=begin)
        await store.put_many({seen_key: kept, since_key: clock.iso(since)})

    async def report(self) -> None:
        """Tell the server how the service stands, keep the lease, and hear whether it is to stop or has new settings."""
        answer = await self._contract(
            "services.report", holder=self._holder, fence=self._fence, seconds=LEASE_SECONDS, status=asdict(self.status)
        )
        self._wanted = answer["settings"]
        self.stopping = answer["stop"]
        if self.stopping and self._running is not None:
            self._running.cancel()
        if self.stopping or self._wanted != self._parameters:
            self._wake.set()

    async def _keep(self) -> None:
        """Keep the lease and send the log, also while a run takes long."""
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            await self.context.flush()
            await self.report()

    async def _sleep_until(self, due: datetime | None) -> None:
        """Wait for the time, or until something changed."""
        pause = None if due is None else max(0.0, (due - self._now()).total_seconds())
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), pause)

    async def _save(self, values: dict[str, Any]) -> None:
        await self._contract("services.save", holder=self._holder, fence=self._fence, values=values)

    async def _contract(self, endpoint: str, **fields: Any) -> dict[str, Any]:
        try:
            return await self._host.call(endpoint, {"task": self._task, **fields})
        except CallFailed as error:
            if error.subcode == LOST:
                self._lost = True
                raise LostLease(error.message) from None
            raise


def make_service(offer: ServiceOffer, parameters: Mapping[str, Any]) -> tuple[Service, list[Trigger]]:
    """The service and its triggers, tried; raises `SettingProblem` and `ValueError`. May read files."""
    service = offer.service(read_settings(offer, parameters))
    triggers = list(service.triggers())
    for trigger in triggers:
        if isinstance(trigger, TIMED):
            trigger.due(None, clock.now())
    return service, triggers
