"""One task from its launch to the end that the server is told: output, statistics, abort, exit."""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import time
from typing import Any

from trackyard.agent_services.settings import AgentSettings
from trackyard.core.client import ApiClient, CallFailed
from trackyard.core.runtimes import (
    Exit,
    ExitCause,
    LaunchRefused,
    RuntimeLimits,
    RuntimeUnavailable,
    TaskLaunch,
    TaskRuntime,
)

log = logging.getLogger(__name__)
LOG_SECONDS = 1.0
LOG_LINES = 500
FAILURES = (ExitCause.FAILED, ExitCause.OUT_OF_MEMORY, ExitCause.KILLED)


class Supervisor:
    """Looks after one task."""

    def __init__(
        self, client: ApiClient, runtime: TaskRuntime, settings: AgentSettings, limits: RuntimeLimits, node: str, task: str
    ) -> None:
        """``node`` is the worker's name of the task's container."""
        self._client = client
        self._runtime = runtime
        self._settings = settings
        self._limits = limits
        self._node = node
        self._task = task
        self._aborted = False

    async def run(self, *, launched: bool) -> None:
        """Launch it if it was not launched, and see it to its end; a failed one is started again as often as is set."""
        if not launched and not await self._launch():
            return
        ended = await self._attend()
        for attempt in range(self._settings.restarts):
            if self._aborted or ended.cause not in FAILURES:
                break
            await self._log([(time.time(), f"trackyard agent: {ended}; start {attempt + 2} of {self._settings.restarts + 1}")])
            await self._runtime.remove(self._task)
            if not await self._launch():
                return
            ended = await self._attend()
        await self._finish(ended)

    async def _attend(self) -> Exit:
        """Follow what runs until it ends."""
        async with asyncio.TaskGroup() as group:
            helpers = [group.create_task(self._watch()), group.create_task(self._report())]
            output = group.create_task(self._follow())
            ended = await self._wait()
            await output
            for helper in helpers:
                helper.cancel()
        return ended

    async def _wait(self) -> Exit:
        """Its end; an engine that goes away is waited for, as the container may outlive it."""
        while True:
            try:
                return await self._runtime.wait(self._task)
            except RuntimeUnavailable:
                await asyncio.sleep(self._settings.poll_seconds)

    async def _launch(self) -> bool:
        document = (await self._client.call("tasks.get_by_id", {"task": self._task}))["task"]
        try:
            await self._runtime.launch(self._description(document), self._limits)
        except LaunchRefused as error:
            await self._log([(time.time(), f"trackyard agent: {error}")])
            await self._tell("tasks.failed", "refused", str(error))
            return False
        return True

    def _description(self, document: dict[str, Any]) -> TaskLaunch:
        container = document.get("container") or {}
        try:
            arguments = shlex.split(container.get("arguments") or "")
        except ValueError as error:
            raise LaunchRefused(f"container.arguments can't be read: {error}") from None
        environment = {
            "CLEARML_TASK_ID": self._task,
            "CLEARML_LOG_TASK_TO_BACKEND": "1",
            "CLEARML_WORKER_ID": self._node,
            "CLEARML_API_HOST": self._settings.api or self._client.url,
            "CLEARML_WEB_HOST": os.environ.get("CLEARML_WEB_HOST", ""),
            "CLEARML_FILES_HOST": os.environ.get("CLEARML_FILES_HOST", ""),
            "CLEARML_API_ACCESS_KEY": os.environ["CLEARML_API_ACCESS_KEY"],
            "CLEARML_API_SECRET_KEY": os.environ["CLEARML_API_SECRET_KEY"],
            "TRACKYARD_INSTALL": "pip" if self._settings.install_requirements else "none",
            "TRACKYARD_SETUP": container.get("setup_shell_script") or "",
        }
        image = container.get("image") or self._settings.image
        return TaskLaunch(self._task, document.get("name", ""), image, arguments, environment)

    async def _watch(self) -> None:
        """Stop the container when the task is aborted, reset or deleted."""
        while True:
            await asyncio.sleep(self._settings.poll_seconds)
            body = {"id": [self._task], "only_fields": ["status", "status_message"], "search_hidden": True}
            found = (await self._client.call("tasks.get_all", body))["tasks"]
            asked = bool(found) and "stopping" in (found[0].get("status_message") or "")
            gone = not found or found[0]["status"] != "in_progress"
            if asked or gone:
                self._aborted = True
                await self._stop()
                return

    async def _stop(self) -> None:
        while True:
            try:
                return await self._runtime.stop(self._task, self._settings.grace_seconds)
            except RuntimeUnavailable:
                await asyncio.sleep(self._settings.poll_seconds)

    async def _follow(self) -> None:
        """Send the output to the task's log, until it ends; after a restart of the agent, from where the log stands."""
        arrived: asyncio.Queue[tuple[float, str] | None] = asyncio.Queue(maxsize=10 * LOG_LINES)

        async def read() -> None:
            async for line in self._runtime.output(self._task, await self._sent_until()):
                await arrived.put(line)
            await arrived.put(None)

        async with asyncio.TaskGroup() as group:
            group.create_task(read())
            while (line := await arrived.get()) is not None:
                lines = [line]
                await asyncio.sleep(LOG_SECONDS)
                while len(lines) < LOG_LINES and not arrived.empty():
                    if (line := arrived.get_nowait()) is None:
                        arrived.put_nowait(None)
                        break
                    lines.append(line)
                await self._log(lines)

    async def _sent_until(self) -> float:
        """The time of the last line that the server has of this container, in seconds."""
        events = (await self._client.call("events.get_task_log", {"task": self._task, "batch_size": 1, "order": "desc"}))[
            "events"
        ]
        mine = [event["timestamp"] for event in events if event.get("worker") == self._node]
        return (max(mine) + 1) / 1000 if mine else 0.0

    async def _log(self, lines: list[tuple[float, str]]) -> None:
        if lines:
            common = {"type": "log", "task": self._task, "level": "info", "worker": self._node}
            await self._client.add_events({**common, "timestamp": int(when * 1000), "msg": text} for when, text in lines)

    async def _report(self) -> None:
        while True:
            try:
                usage = dict(await self._runtime.statistics(self._task))
            except RuntimeUnavailable:
                usage = {}
            body = {"worker": self._node, "task": self._task, "timestamp": int(time.time() * 1000), "machine_stats": usage}
            await self._client.call("workers.status_report", body)
            await asyncio.sleep(self._settings.report_seconds)

    async def _finish(self, ended: Exit) -> None:
        """Tell the server how it ended, then forget it: a crash between the two tells it again."""
        if self._aborted:
            await self._tell("tasks.stopped", "aborted", f"Stopped by the user; {ended}")
        elif ended.cause is ExitCause.FINISHED:
            await self._tell("tasks.completed", "finished", "")
        else:
            await self._tell("tasks.failed", str(ended.cause), f"Task {ended}")
        await self._client.call("workers.unregister", {"worker": self._node})
        await self._runtime.remove(self._task)

    async def _tell(self, endpoint: str, reason: str, message: str) -> None:
        """A status call; a task that is no longer running has told its end itself, or is gone."""
        found = await self._client.call("tasks.get_all", {"id": [self._task], "only_fields": ["status"], "search_hidden": True})
        if found["tasks"] and found["tasks"][0]["status"] == "in_progress":
            body = {"task": self._task, "status_reason": reason, "status_message": message}
            try:
                await self._client.call(endpoint, body)
            except CallFailed as error:
                log.warning("task %s: %s", self._task, error)
