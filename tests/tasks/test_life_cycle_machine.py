"""Random lives of tasks, against a plain model of the life cycle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule, run_state_machine_as_test
from trackyard.core.errors import ApiError
from trackyard.core.testing.kernel import running_kernel

from tests.tasks.board import Board
from tests.tasks.test_transitions import is_allowed

QUEUES = ("first queue", "second queue")
ENDS = {"completed": "completed", "stopped": "stopped", "failed": "failed", "close": "closed"}


@dataclass
class Model:
    """What is known of a task: nothing but what the protocol says."""

    status: str = "created"
    message: str | None = None
    before: str | None = None
    queue: str | None = None
    times: set[str] = field(default_factory=set)
    runtime: dict[str, str] = field(default_factory=dict)
    parameters: str = ""
    development: bool = False
    archived: bool = False

    def change(self, new: str, message: str = "") -> None:
        """A status call."""
        self.status, self.message = new, message


class LifeCycle(RuleBasedStateMachine):
    """Calls endpoints on a few tasks; after each call every task must be as its model says."""

    board: ClassVar[Board]
    runner: ClassVar[asyncio.Runner]
    tasks = Bundle("tasks")

    def __init__(self) -> None:
        super().__init__()
        self.models: dict[str, Model] = {}

    def ask(self, endpoint: str, task: str, **body: Any) -> int:
        """Call an endpoint; 0 or the subcode of the refusal."""
        try:
            self.runner.run(self.board.call(endpoint, task=task, **body))
        except ApiError as error:
            return error.subcode
        return 0

    def attempt(self, endpoint: str, task: str, new: str, done: Callable[[Model], None], **body: Any) -> None:
        """A status call that the table allows or forbids."""
        model = self.models[task]
        allowed = body.get("force") or is_allowed(model.status, new)
        assert self.ask(endpoint, task, **body) == (0 if allowed else 110)
        if allowed:
            done(model)

    @rule(target=tasks, development=st.booleans())
    def create(self, development: bool) -> str:
        """A draft."""
        tags = ["development"] if development else []
        task = self.runner.run(self.board.make(system_tags=tags))
        self.models[task] = Model(development=development)
        return task

    @rule(task=tasks, force=st.booleans(), message=st.sampled_from(["", "working", "stopping"]))
    def started(self, task: str, force: bool, message: str) -> None:
        """The first start is kept."""

        def done(model: Model) -> None:
            model.change("in_progress", message)
            model.times.add("started")
            model.before = None

        self.attempt("started", task, "in_progress", done, force=force, status_message=message)

    @rule(task=tasks, endpoint=st.sampled_from(sorted(ENDS)), force=st.booleans())
    def end(self, task: str, endpoint: str, force: bool) -> None:
        """All ends; two of them have a time."""

        def done(model: Model) -> None:
            model.change(ENDS[endpoint])
            model.times |= {"completed"} if endpoint in ("completed", "stopped") else set()

        self.attempt(endpoint, task, ENDS[endpoint], done, force=force)

    @rule(task=tasks, force=st.booleans())
    def publish(self, task: str, force: bool) -> None:
        """For good."""

        def done(model: Model) -> None:
            model.change("published")
            model.times.add("published")

        self.attempt("publish", task, "published", done, force=force)

    @rule(task=tasks, force=st.booleans())
    def reset(self, task: str, force: bool) -> None:
        """Back to a draft: results go, parameters stay."""

        def done(model: Model) -> None:
            model.change("created", "reset")
            model.times, model.runtime, model.queue, model.before = set(), {}, None, None

        self.attempt("reset", task, "created", done, force=force)

    @rule(task=tasks, force=st.booleans())
    def stop(self, task: str, force: bool) -> None:
        """No worker ever reported, so that a stop is at once."""

        def done(model: Model) -> None:
            model.change("stopped", f"Stopped by {self.board.identity.name}")
            model.queue = model.before = None

        self.attempt("stop", task, "stopped", done, force=force)

    @rule(task=tasks, queue=st.sampled_from(QUEUES))
    def enqueue(self, task: str, queue: str) -> None:
        """Into a queue, or from one to the other."""
        model = self.models[task]
        subcode = self.ask("enqueue", task, queue_name=queue)
        if model.status not in ("created", "stopped", "failed", "queued"):
            assert subcode == 110
        elif model.queue == queue:
            assert subcode == 706
        else:
            assert subcode == 0
            model.before = model.before if model.status == "queued" else model.status
            model.change("queued")
            model.queue, model.development = queue, False

    @rule(task=tasks)
    def dequeue(self, task: str) -> None:
        """Never an error."""
        model = self.models[task]
        assert self.ask("dequeue", task) == 0
        if model.status == "queued":
            model.change(model.before or "created")
            model.before = None
        model.queue = None

    @rule(task=tasks, force=st.booleans(), value=st.sampled_from("xyz"))
    def edit(self, task: str, force: bool, value: str) -> None:
        """Drafts, and all others by force."""
        model = self.models[task]
        body = {"runtime": {"state": value}, "hyperparams": {"Args": {"a": {"value": value}}}}
        allowed = force or model.status == "created"
        assert self.ask("edit", task, force=force, **body) == (0 if allowed else 110)
        if allowed:
            model.runtime, model.parameters = {"state": value}, value

    @rule(task=tasks)
    def archive(self, task: str) -> None:
        """Out of the queue, into the archive."""
        model = self.models[task]
        self.runner.run(self.board.call("archive", tasks=[task], status_message="away"))
        if model.status == "queued":
            model.status, model.before, model.queue = model.before or "created", None, None
        model.archived, model.message = True, "away"

    @rule(target=tasks, task=consumes(tasks), force=st.booleans())
    def delete(self, task: str, force: bool) -> Any:
        """Drafts, archived tasks, and all others by force."""
        model = self.models[task]
        allowed = force or model.archived or model.status == "created"
        assert self.ask("delete", task, force=force) == (0 if allowed else 123)
        if not allowed:
            return task
        del self.models[task]
        assert self.ask("get_by_id", task) == 101
        return multiple()

    @invariant()
    def every_task_is_as_its_model_says(self) -> None:
        """Also those that were not touched."""
        for task, model in self.models.items():
            found = self.runner.run(self.board.read(task))
            assert found["status"] == model.status
            assert found.get("status_message") == model.message
            assert {name for name in ("started", "completed", "published") if name in found} == model.times
            assert found["runtime"] == model.runtime
            assert found["hyperparams"].get("Args", {}).get("a", {}).get("value", "") == model.parameters
            assert ("development" in found["system_tags"], "archived" in found["system_tags"]) == (
                model.development,
                model.archived,
            )

    @invariant()
    def tasks_wait_where_they_should(self) -> None:
        """In one queue at most."""
        for queue in QUEUES:
            found = self.runner.run(self.board.call("queues.get_all", name=f"^{queue}$", only_fields=["entries"]))
            waiting = {entry["task"] for one in found["queues"] for entry in one["entries"]} & self.models.keys()
            assert waiting == {task for task, model in self.models.items() if model.queue == queue}


@pytest.mark.timeout(900)
def test_lives_of_tasks(tmp_path: Path) -> None:
    """One kernel for all examples; the examples are the same every time."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        kernel = runner.run(stack.enter_async_context(running_kernel(tmp_path)))
        try:
            LifeCycle.board, LifeCycle.runner = Board(kernel), runner
            health = [HealthCheck.too_slow, HealthCheck.data_too_large]
            plan = settings(
                max_examples=20,
                stateful_step_count=25,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=health,
            )
            run_state_machine_as_test(LifeCycle, settings=plan)
        finally:
            runner.run(stack.aclose())
