"""Queues against a plain model: lists of tasks, under any order of calls."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from trackyard.core.errors import ApiError
from trackyard.core.testing.kernel import running_kernel

from tests.queues.server import Server

QUEUES = st.integers(0, 1)
TASKS = st.integers(0, 4)


class QueueMachine(RuleBasedStateMachine):
    """Two queues and five tasks. ``model`` holds the tasks by queue, ``queued`` those whose status is queued."""

    runner: asyncio.Runner
    server: Server
    made = 0

    def call(self, name: str, **fields: Any) -> Any:
        """The data of a call, or the subcode of its refusal."""
        try:
            return self.runner.run(self.server.call(name, **fields))
        except ApiError as error:
            return error.subcode

    @initialize()
    def make(self) -> None:
        """New queues and tasks."""
        self.queues = [self.new_queue() for _ in range(2)]
        self.tasks = [self.runner.run(self.server.task()) for _ in range(5)]
        self.model: list[list[int]] = [[], []]
        self.queued: set[int] = set()

    def new_queue(self) -> str:
        """A queue of a name that nobody has."""
        QueueMachine.made += 1
        return self.runner.run(self.server.queue(f"machine {QueueMachine.made}"))

    def place(self, task: int) -> int | None:
        """The queue in which a task waits."""
        return next((queue for queue, tasks in enumerate(self.model) if task in tasks), None)

    def leave(self, task: int) -> None:
        """Take a task out of the model."""
        for tasks in self.model:
            if task in tasks:
                tasks.remove(task)

    @rule(queue=QUEUES, task=TASKS)
    def enqueue(self, queue: int, task: int) -> None:
        """A task goes to the end of a queue."""
        answer = self.call("tasks.enqueue", task=self.tasks[task], queue=self.queues[queue])
        if task in self.queued and task in self.model[queue]:
            assert answer == 706
            return
        assert answer["queued"] == 1
        self.leave(task)
        self.model[queue].append(task)
        self.queued.add(task)

    @rule(queue=QUEUES, task=TASKS)
    def add(self, queue: int, task: int) -> None:
        """As enqueue, without the status."""
        answer = self.call("queues.add_task", task=self.tasks[task], queue=self.queues[queue])
        if task in self.model[queue]:
            assert answer == 706
            return
        assert answer == {"added": 1}
        self.leave(task)
        self.model[queue].append(task)

    @rule(task=TASKS)
    def dequeue(self, task: int) -> None:
        """A task leaves its queue and gets its status back."""
        assert self.call("tasks.dequeue", task=self.tasks[task])["updated"] == int(task in self.queued)
        self.leave(task)
        self.queued.discard(task)

    @rule(queue=QUEUES, task=TASKS, back=st.booleans())
    def remove(self, queue: int, task: int, back: bool) -> None:
        """A task leaves a queue; its status goes back when that is asked for."""
        answer = self.call("queues.remove_task", queue=self.queues[queue], task=self.tasks[task], update_task_status=back)
        waits = task in self.model[queue]
        assert answer == {"removed": int(waits)}
        if waits:
            self.leave(task)
        if waits and back:
            self.queued.discard(task)

    @rule(queue=QUEUES)
    def pull(self, queue: int) -> None:
        """The first task is given out."""
        answer = self.call("queues.get_next_task", queue=self.queues[queue])
        if not self.model[queue]:
            assert answer == {}
            return
        assert answer["entry"]["task"] == self.tasks[self.model[queue].pop(0)]

    @rule(
        queue=QUEUES, task=TASKS, move=st.sampled_from(["to_front", "to_back", "forward", "backward"]), count=st.integers(-5, 5)
    )
    def move(self, queue: int, task: int, move: str, count: int) -> None:
        """A task changes its place."""
        answer = self.call(f"queues.move_task_{move}", queue=self.queues[queue], task=self.tasks[task], count=count)
        tasks = self.model[queue]
        if task not in tasks:
            assert answer == 703
            return
        old, last = tasks.index(task), len(tasks) - 1
        new = {"to_front": 0, "to_back": last, "forward": old - count, "backward": old + count}[move]
        new = min(max(new, 0), last)
        assert answer == {"position": new}
        tasks.insert(new, tasks.pop(old))

    @rule(queue=QUEUES)
    def clear(self, queue: int) -> None:
        """All tasks leave a queue and get their status back."""
        removed = self.call("queues.clear_queue", queue=self.queues[queue])["removed_tasks"]
        assert removed == [self.tasks[task] for task in self.model[queue]]
        self.queued -= set(self.model[queue])
        self.model[queue] = []

    @rule(queue=QUEUES, force=st.booleans())
    def delete(self, queue: int, force: bool) -> None:
        """A queue goes, and another one takes its place."""
        answer = self.call("queues.delete", queue=self.queues[queue], force=force)
        if self.model[queue] and not force:
            assert answer == 702
            return
        assert answer == {"deleted": 1}
        self.queued -= set(self.model[queue])
        self.model[queue] = []
        self.queues[queue] = self.new_queue()

    @invariant()
    def same_entries(self) -> None:
        """The queues hold what the model holds, in its order."""
        for queue, tasks in zip(self.queues, self.model, strict=True):
            assert self.runner.run(self.server.waiting(queue)) == [self.tasks[task] for task in tasks]

    @invariant()
    def same_statuses(self) -> None:
        """Tasks are queued exactly when the model says so."""
        found = {task for task, name in enumerate(self.tasks) if self.runner.run(self.server.status(name)) == "queued"}
        assert found == self.queued


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[type[QueueMachine]]:
    """The machine with a server that all its runs share."""
    with asyncio.Runner() as runner:
        opening = running_kernel(tmp_path)
        kernel = runner.run(opening.__aenter__())
        try:
            yield type("Machine", (QueueMachine,), {"runner": runner, "server": Server(kernel)})
        finally:
            runner.run(opening.__aexit__(None, None, None))


def test_queues_behave_as_lists(machine: type[QueueMachine]) -> None:
    """Every order of calls leaves the queues as the model says."""
    limits = settings(
        max_examples=15, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(machine, settings=limits)
