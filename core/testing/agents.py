"""Simulated agents that poll queues and report as real ones do, and a history that tells what was handed out twice or lost."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from trackyard.core.testing.http import Api

MACHINE = {"cpu_usage": [1.0] * 8, "memory_used": 1.0, "memory_free": 2.0, "network_tx": 0.1, "network_rx": 0.1}


@dataclass
class History:
    """What was put into queues, and what agents were given. ``expect_nothing_wrong`` judges it when all agents are done."""

    queued: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    calls: int = 0

    @property
    def twice(self) -> list[str]:
        """Tasks that more than one agent was given."""
        return sorted(task for task, count in Counter(self.given).items() if count > 1)

    @property
    def lost(self) -> list[str]:
        """Tasks that were queued and that no agent was given."""
        return sorted(set(self.queued) - set(self.given))

    @property
    def foreign(self) -> list[str]:
        """Tasks that an agent was given although nobody queued them."""
        return sorted(set(self.given) - set(self.queued))

    def expect_nothing_wrong(self) -> None:
        """Raise `AssertionError` when a task was given twice, lost or made up."""
        assert (self.twice, self.lost, self.foreign) == ([], [], []), "tasks given twice, lost, never queued"


class Agent:
    """Asks for the tags of its queues and for tasks, tells of itself, and runs what it is given to the end."""

    def __init__(self, api: Api, worker: str, queues: Sequence[str], history: History) -> None:
        """``worker`` is its name among the workers."""
        self._api, self.worker, self._queues, self._history = api, worker, list(queues), history

    async def register(self) -> None:
        """Tell the server that there is this agent."""
        await self._call("workers.register", worker=self.worker, queues=self._queues)

    async def report(self, task: str | None = None) -> None:
        """Tell that the agent is there, and the task that it runs."""
        moment = int(time.time() * 1000)
        report = {"worker": self.worker, "timestamp": moment, "queues": self._queues, "task": task, "machine_stats": MACHINE}
        await self._call("workers.status_report", **report)

    async def poll(self) -> str | None:
        """Ask each queue for a task until one gives one, which is then run; its id."""
        await self._call("queues.get_all", id=self._queues, only_fields=["id", "tags"])
        for queue in self._queues:
            answer = await self._call("queues.get_next_task", queue=queue)
            if answer:
                task: str = answer["entry"]["task"]
                self._history.given.append(task)
                await self._execute(task)
                return task
        return None

    async def _execute(self, task: str) -> None:
        await self._call("tasks.started", task=task)
        await self.report(task)
        await self._call("tasks.completed", task=task)
        await self.report()

    async def live(self, end: asyncio.Event, first: float, poll: float, report: float) -> None:
        """Poll every ``poll`` and report every ``report`` seconds, after ``first`` seconds, until the end."""
        for turn in itertools.count():
            if await _ended(end, first if turn == 0 else poll):
                return
            await self.poll()
            if turn % max(1, round(report / poll)) == 0:
                await self.report()

    async def _call(self, name: str, **fields: object) -> dict[str, dict[str, str]]:
        self._history.calls += 1
        answer: dict[str, dict[str, str]] = await self._api.call(name, fields)
        return answer


async def _ended(end: asyncio.Event, seconds: float) -> bool:
    """Wait for the end, at most so long."""
    try:
        await asyncio.wait_for(end.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def enqueue(api: Api, queue: str, name: str, history: History) -> str:
    """Put a new task into a queue; its id."""
    task: str = (await api.call("tasks.create", name=name, type="training"))["id"]
    # noted first: an agent may have it before the answer comes back
    history.queued.append(task)
    await api.call("tasks.enqueue", task=task, queue=queue)
    return task
