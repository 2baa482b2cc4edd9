"""The service ``alerts``: notices what happened, keeps it in an outbox, and sends it until it is taken."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from trackyard.core import clock, ids
from trackyard.core.hookspecs import hookimpl
from trackyard.core.plugin import Plugin
from trackyard.core.query.dates import parse_ms
from trackyard.core.services import Context, Happening, Interval, Service, ServiceOffer, TaskChanged, Trigger
from trackyard.plugins.alerts.sending import SendFailed, send
from trackyard.plugins.alerts.settings import PRIVATE, AlertsSettings, MetricRule

WATCH_SECONDS = 60.0
SEND_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE, ATTEMPTS = 15.0, 3600.0, 10
TOLD = 1000
"""How many things are remembered as told."""


class Alerts(Service):
    """Notices and sends. What was noticed is kept before it counts as told, so that a crash loses no alert."""

    name = "alerts"
    title = "Alerts"
    summary = "Tells of failed and finished tasks, metrics, silent workers and full disks, by webhook, Slack or e-mail"
    settings_type = AlertsSettings
    settings: AlertsSettings
    private = PRIVATE
    calls = ("tasks.get_all", "workers.get_all")

    def __init__(self, settings: AlertsSettings) -> None:
        super().__init__(settings)
        unknown = sorted(set(settings.send_to) - set(settings.targets))
        if unknown:
            known = ", ".join(sorted(settings.targets)) or "none: set [alerts] targets in plugins.toml"
            raise ValueError(f"send_to: found {', '.join(unknown)}; expected some of {known}")

    def triggers(self) -> Sequence[Trigger]:
        """Statuses of tasks, a look at the rest every minute, and the outbox."""
        statuses = [name for name, wanted in (("failed", self.settings.failed), ("completed", self.settings.finished)) if wanted]
        tasks = [TaskChanged(self.on_task, statuses, self.settings.projects, tags=self.settings.tags)] if statuses else []
        return [*tasks, Interval(WATCH_SECONDS, self.watch), Interval(SEND_SECONDS, self.deliver)]

    async def on_task(self, context: Context, what: Happening) -> None:
        """A task failed or was completed."""
        reason = str(what.document.get("status_message") or what.document.get("status_reason") or "")
        facts = {"task": what.id, "name": what.name, "status": what.status}
        await self._notice(context, f"task {what.id} {what.at}", f"Task {what.name} {what.status}", reason, facts)

    async def watch(self, context: Context) -> None:
        """What nobody reports: thresholds, silent workers, full disks."""
        if self.settings.metrics:
            await self._watch_metrics(context)
        if self.settings.worker_silent_minutes > 0:
            await self._watch_workers(context)
        if self.settings.disk_free_percent > 0:
            await self._watch_disks(context)

    async def _watch_metrics(self, context: Context) -> None:
        query: dict[str, Any] = {"status": ["in_progress"], "only_fields": ["id", "name", "last_metrics"], "search_hidden": True}
        for name, values in (("project", self.settings.projects), ("tags", self.settings.tags)):
            if values:
                query[name] = values
        for task in (await context.call("tasks.get_all", **query))["tasks"]:
            for rule in self.settings.metrics:
                value = last_value(task.get("last_metrics") or {}, rule)
                if value is not None and (told := crossed(rule, value)):
                    facts = {
                        "task": task["id"],
                        "name": task["name"],
                        "metric": rule.metric,
                        "variant": rule.variant,
                        "value": value,
                    }
                    key = f"metric {task['id']} {rule.metric} {rule.variant} {told}"
                    subject = f"{rule.metric}/{rule.variant} of task {task['name']} is {value:g}"
                    await self._notice(context, key, subject, f"It is {told}.", facts)

    async def _watch_workers(self, context: Context) -> None:
        limit = timedelta(minutes=self.settings.worker_silent_minutes)
        for worker in (await context.call("workers.get_all"))["workers"]:
            seen = parse_ms(worker.get("last_activity_time"))
            if seen is not None and clock.epoch_ms(context.now()) - seen > limit / timedelta(milliseconds=1):
                subject = f"Worker {worker['id']} is silent"
                text = f"It was last heard of at {worker['last_activity_time']}."
                task = (worker.get("task") or {}).get("id", "")
                await self._notice(context, f"worker {worker['id']}", subject, text, {"worker": worker["id"], "task": task})

    async def _watch_disks(self, context: Context) -> None:
        for path in self.settings.disk_paths:
            usage = await asyncio.to_thread(shutil.disk_usage, path)
            free = 100 * usage.free / usage.total
            if free < self.settings.disk_free_percent:
                subject = f"{free:.1f} % of the disk of {path} is free"
                await self._notice(context, f"disk {path}", subject, f"{usage.free / 2**30:.1f} GiB are left.", {"path": path})

    async def _notice(self, context: Context, key: str, subject: str, text: str, facts: Mapping[str, Any]) -> None:
        """Put an alert into the outbox, once for each target, unless the same was told a short while ago."""
        moment = clock.epoch_ms(context.now())
        told: dict[str, int] = context.store.get("told", {})
        if moment - told.get(key, -(10**15)) < self.settings.repeat_minutes * 60_000:
            return
        link = f"{self.settings.web.rstrip('/')}/tasks/{facts['task']}" if self.settings.web and facts.get("task") else ""
        alert = {"subject": subject, "text": text, "link": link, "at": clock.iso(context.now()), **facts}
        entry = {"alert": alert, "attempts": 0, "next": moment}
        targets = self.settings.send_to or sorted(self.settings.targets)
        out = {f"out {ids.new_id()}": {**entry, "target": name} for name in targets}
        kept = dict(sorted([*told.items(), (key, moment)], key=lambda item: item[1])[-TOLD:])
        await context.store.put_many({"told": kept, **out})
        context.log.info(f"{subject}. {text}" + ("" if targets else " (there is no target)"))

    async def deliver(self, context: Context) -> None:
        """Send what is in the outbox; what is not taken is tried again, each time after a longer pause."""
        for key in context.store.keys("out "):
            entry: dict[str, Any] = context.store.get(key)
            if entry["next"] > clock.epoch_ms(context.now()):
                continue
            target = self.settings.targets.get(entry["target"])
            try:
                if target is not None:
                    await send(self.settings, target, entry["alert"])
                await context.store.put(key, None)
            except SendFailed as error:
                await self._later(context, key, entry, str(error))

    async def _later(self, context: Context, key: str, entry: dict[str, Any], why: str) -> None:
        attempts = entry["attempts"] + 1
        pause = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE)
        context.log.warning(f"{entry['target']}: {why}; attempt {attempts} of {ATTEMPTS}: {entry['alert']['subject']}")
        later = {**entry, "attempts": attempts, "next": clock.epoch_ms(context.now()) + int(pause * 1000)}
        await context.store.put(key, later if attempts < ATTEMPTS else None)


def last_value(metrics: Mapping[str, Any], rule: MetricRule) -> float | None:
    """The last value of the rule's metric among a task's ``last_metrics``."""
    for variants in metrics.values():
        for item in variants.values():
            if (item.get("metric"), item.get("variant")) == (rule.metric, rule.variant):
                value = item.get("value")
                return float(value) if isinstance(value, int | float) else None
    return None


def crossed(rule: MetricRule, value: float) -> str:
    """How the value breaks the rule; an empty text if it does not."""
    if rule.above is not None and value > rule.above:
        return f"above {rule.above:g}"
    if rule.below is not None and value < rule.below:
        return f"below {rule.below:g}"
    return ""


class AlertsPlugin(Plugin):
    """The service that sends alerts."""

    name = "alerts"
    summary = "A service that sends alerts by webhook, Slack-compatible webhook and e-mail"
    settings_type = AlertsSettings
    settings: AlertsSettings

    @hookimpl
    def trackyard_services(self) -> list[ServiceOffer]:
        """One service."""
        return [ServiceOffer(Alerts, self.settings)]
