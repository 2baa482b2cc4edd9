"""The service ``pipeline``: starts what may start, looks at what runs, tries again, ends the run. A crash is gone on from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from trackyard.core.client import CallFailed
from trackyard.core.identity import USER
from trackyard.core.services import Context, Interval, Service, Trigger
from trackyard.core.services.clones import CALLS, launch_clone
from trackyard.plugins.pipeline_controller import beginning, references, showing
from trackyard.plugins.pipeline_controller.definition import Definition, Step, read_definition
from trackyard.plugins.pipeline_controller.settings import PipelineSettings
from trackyard.plugins.pipeline_controller.showing import BAD, GOOD, OPEN, State

DONE = {"completed", "published", "publishing", "closed"}
"""Statuses of tasks that ended well."""
BASE = ["id", "type", "script", "container", "hyperparams", "configuration"]
SHORTEST = 3
"""Letters that the name of a task needs."""
Document = dict[str, Any]


class PipelineController(Service):
    """One look at the steps every few seconds. The store has the run's definition, its arguments, and each step's state.

    The intent to launch a step is kept before its task is made, and the task is found again by its mark.
    """

    name = "pipeline"
    title = "Pipeline"
    summary = "Runs a graph of steps, each a clone of a task, from YAML or from a pipeline task"
    settings_type = PipelineSettings
    settings: PipelineSettings
    permission = USER
    task_type = "controller"
    calls = (*CALLS, "tasks.stop", "tasks.edit", "tasks.edit_configuration", "tasks.move", "projects.get_all", "projects.update")

    def __init__(self, settings: PipelineSettings) -> None:
        super().__init__(settings)
        if not settings.definition and not settings.task:
            raise ValueError("definition: found nothing; expected a pipeline as YAML, or a task")
        if settings.definition:
            read_definition(settings.definition)
        if settings.resume and not settings.task:
            raise ValueError("task: found nothing; resume needs the pipeline task to go on from")
        self.definition: Definition
        self.steps: list[Step] = []
        self.states: dict[str, State] = {}
        self.arguments: dict[str, str] = {}
        self._project = ""
        self._shown = False

    def triggers(self) -> Sequence[Trigger]:
        """A look every few seconds."""
        return [Interval(self.settings.poll_seconds, self.step)]

    async def start(self, context: Context) -> None:
        """Begin the run, or go on with it; a run that failed and is started again tries its failed steps again."""
        if context.store.get("definition") is None:
            await self._begin(context)
        self.definition = msgspec.convert(context.store.get("definition"), Definition)
        self.steps = self.definition.ordered()
        self.arguments = context.store.get("arguments")
        kept = [msgspec.convert(context.store.get(key), State) for key in context.store.keys("step ")]
        self.states = {state.name: state for state in kept}
        self._project = await beginning.place(context, self.definition, self.arguments)
        ended = context.store.get("ended")
        if ended is not None and ended != await self._since(context):
            await self._reopen(context)

    async def _begin(self, context: Context) -> None:
        definition, source = await beginning.definition_of(context, self.settings)
        own = await beginning.task_of(context, context.task, ["hyperparams"])
        arguments = {name: str(value) for name, value in definition.parameters.items()}
        given = self.settings.parameters | beginning.section(own, beginning.SECTION)
        unknown = [name for name in self.settings.parameters if name not in arguments]
        if unknown:
            raise ValueError(f"parameters: the pipeline has no parameter {unknown[0]!r}")
        arguments |= {name: value for name, value in given.items() if name in arguments}
        states = {}
        for step in definition.steps:
            states[step.name] = State(step.name, await beginning.base_of(context, f"steps.{step.name}", step.task))
        if self.settings.resume:
            await self._take_over(context, states, source)
        kept = {f"step {name}": msgspec.to_builtins(state) for name, state in states.items()}
        await context.store.put_many({"definition": msgspec.to_builtins(definition), "arguments": arguments, **kept})

    async def _take_over(self, context: Context, states: dict[str, State], source: Document | None) -> None:
        """Take the completed steps of the run before."""
        found = source or await beginning.task_of(context, self.settings.task, ["configuration"])
        jobs = {node.get("executed"): name for name, node in beginning.nodes_of(found).items() if node.get("executed")}
        tasks = await self._tasks(context, list(jobs), ["id", "status", "type"])
        for task in tasks.values():
            name = jobs[task["id"]]
            if task["status"] in DONE and name in states:
                state = states[name]
                state.state, state.task, state.kind, state.reason = "cached", task["id"], task["type"], "done by the run before"

    async def _since(self, context: Context) -> str:
        """When the run was started the last time: hosts that take it up change nothing of it."""
        return str((await beginning.task_of(context, context.task, ["status_changed"]))["status_changed"])

    async def _reopen(self, context: Context) -> None:
        changed = {}
        for state in self.states.values():
            if state.state not in GOOD:
                again = state.attempt + (1 if state.task else 0)
                self.states[state.name] = State(state.name, state.base, attempt=again)
                changed[f"step {state.name}"] = msgspec.to_builtins(self.states[state.name])
        context.log.info(f"goes on from failure: {len(changed)} steps are tried again")
        await context.store.put_many({**changed, "ended": None})

    async def stop(self, context: Context) -> None:
        """The tasks of running steps end with the run; started again, it does these steps again."""
        for state in [state for state in self.states.values() if state.state == "running"]:
            await self._stop_task(context, state, "the pipeline was stopped")
            state.state, state.task, state.attempt = "pending", "", state.attempt + 1
            await self._keep(context, state)
        await self._show(context)

    async def step(self, context: Context) -> None:
        """Finish what was begun, look at the tasks, start what may start; end the run when nothing is left."""
        if not self._shown:
            await self._show(context)
        if context.store.get("ended") is None:
            changed = False
            for state in [state for state in self.states.values() if state.state == "planned"]:
                changed = await self._launch(context, state) or changed
            changed = await self._look(context) or changed
            while await self._advance(context):
                changed = True
            if changed:
                await self._show(context)
        if not [state for state in self.states.values() if state.state in OPEN]:
            await self._end(context)

    async def _end(self, context: Context) -> None:
        bad = [
            state.name for state in self.states.values() if state.state in BAD and not self._by_name(state.name).continue_on_fail
        ]
        counts = [sum(state.state == word for state in self.states.values()) for word in ("completed", "cached", "skipped")]
        told = "{} steps were completed, {} cached, {} skipped".format(*counts) + (f"; failed: {', '.join(bad)}" if bad else "")
        if context.store.get("ended") is None:
            await context.store.put("ended", await self._since(context))
            context.log.info(told)
        context.finish(told, failed=bool(bad))

    def _by_name(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)

    async def _look(self, context: Context) -> bool:
        """Take up what the tasks of running steps tell; whether one changed."""
        running = [state for state in self.states.values() if state.state == "running"]
        tasks = await self._tasks(
            context, [state.task for state in running], ["id", "status", "status_reason", "started", "completed", "type"]
        )
        changed = [await self._look_at(context, state, tasks.get(state.task)) for state in running]
        return any(changed)

    async def _look_at(self, context: Context, state: State, task: Document | None) -> bool:
        status = task["status"] if task else "deleted"
        if task is not None:
            before = state.began
            state.kind, state.began, state.ended = task.get("type") or "", _epoch(task, "started"), _epoch(task, "completed")
            if status not in DONE and status not in ("failed", "stopped"):
                await self._check_time(context, state)
                return state.began != before
        if status in DONE:
            state.state, state.reason = "completed", ""
            await self._keep(context, state)
            context.log.info(f"{state.name} completed (task {state.task})")
        elif status == "stopped" and not state.timed_out:
            await self._over(context, state, "aborted", "its task was stopped")
        else:
            await self._failed(context, state, "timed out" if state.timed_out else f"its task is {status}")
        return True

    async def _check_time(self, context: Context, state: State) -> None:
        limit = self._by_name(state.name).timeout
        if not limit or state.began is None or context.now().timestamp() - state.began < limit:
            return
        if not state.timed_out:
            state.timed_out = True
            await self._keep(context, state)
        await self._stop_task(context, state, f"timeout of {limit:g} seconds")

    async def _stop_task(self, context: Context, state: State, why: str) -> None:
        try:
            await context.call("tasks.stop", task=state.task, status_reason=why)
        except CallFailed as error:
            context.log.warning(f"{state.name}: {error}")

    async def _failed(self, context: Context, state: State, reason: str) -> None:
        """Try again while retries are left."""
        if state.failures >= self._by_name(state.name).retries:
            await self._over(context, state, "failed", reason)
            return
        context.log.warning(f"{state.name}: {reason} (task {state.task}); it is tried again")
        again = State(state.name, state.base, attempt=state.attempt + 1, failures=state.failures + 1)
        self.states[state.name] = again
        await self._keep(context, again)

    async def _over(self, context: Context, state: State, word: str, reason: str) -> None:
        state.state, state.reason = word, reason
        await self._keep(context, state)
        context.log.warning(f"{state.name} {word}: {reason}")

    async def _advance(self, context: Context) -> bool:
        """Decide on every step whose parents are over; whether there was one."""
        ready = [step for step in self.steps if self.states[step.name].state == "pending"]
        ready = [step for step in ready if all(self.states[name].state not in OPEN for name in step.before())]
        for step in ready:
            await self._decide(context, step, self.states[step.name])
        return bool(ready)

    async def _decide(self, context: Context, step: Step, state: State) -> None:
        reason = self._blocked(step)
        if reason:
            await self._over(context, state, "skipped", reason)
            return
        wanted = {parts[0]: self.states[parts[0]].task for _, parts in step.references() if parts[0] in self.states}
        found = await self._tasks(context, [task for task in wanted.values() if task], references.FIELDS)
        tasks = {name: found[task] for name, task in wanted.items() if task in found}
        try:
            if step.when and not references.holds(references.fill(step.when, self.arguments, tasks)):
                await self._over(context, state, "skipped", f"not so: {step.when}")
                return
            values = {name: references.fill(_text(value), self.arguments, tasks) for name, value in step.parameters.items()}
        except references.Missing as error:
            await self._over(context, state, "failed", str(error))
            return
        await self._plan(context, step, state, values)

    def _blocked(self, step: Step) -> str:
        """Why a step can't run although its parents are over."""
        states = [self.states[name] for name in step.before()]
        for state in states:
            if state.state in BAD and not self._by_name(state.name).continue_on_fail:
                return f"{state.name} {state.state}"
        skipped = {state.name for state in states if state.state == "skipped"}
        referred = skipped & {parts[0] for _, parts in step.references()}
        lost = {name for name in skipped if not self.states[name].reason.startswith("not so")}
        if referred or lost or (states and len(skipped) == len(states)):
            return f"{sorted(referred or lost or skipped)[0]} was skipped"
        return ""

    async def _plan(self, context: Context, step: Step, state: State, values: dict[str, str]) -> None:
        """Take an equal completed step, or keep the intent and launch a task."""
        key = ""
        if step.cache:
            base = (await self._tasks(context, [state.base], BASE)).get(state.base, {})
            key = references.content_key(base, values)
            if await self._cached(context, state, key, values):
                return
        state.state, state.parameters, state.queue = "planned", values, step.queue or self.settings.queue
        state.mark = f"step {step.name}, attempt {state.attempt} of {context.task}" + (f", content {key}" if key else "")
        await self._keep(context, state)
        await self._launch(context, state)

    async def _cached(self, context: Context, state: State, key: str, values: dict[str, str]) -> bool:
        query: Document = {"status": ["completed", "published"], "system_tags": ["__$not", "archived"], "search_hidden": True}
        found = await context.call(
            "tasks.get_all",
            **query,
            _all_={"fields": ["comment"], "pattern": f"content {key}$"},
            only_fields=["id", "type"],
            order_by=["-last_update"],
            page=0,
            page_size=1,
        )
        for task in found["tasks"]:
            state.state, state.task, state.kind, state.parameters = "cached", task["id"], task["type"], values
            await self._keep(context, state)
            context.log.info(f"{state.name} is taken from the cache (task {state.task})")
        return bool(found["tasks"])

    async def _launch(self, context: Context, state: State) -> bool:
        """From the kept intent to the task in the queue. What the server refuses for good fails the step."""
        more = {"new_task_project": self._project, "new_task_tags": [f"pipe: {context.task}"]}
        name = state.name if len(state.name) >= SHORTEST else f"step {state.name}"
        try:
            state.task = await launch_clone(
                context, state.base, context.task, state.mark, name, state.parameters, state.queue, more
            )
        except CallFailed as error:
            if not 400 <= error.code < 500:
                raise
            await self._over(context, state, "failed", str(error))
            return True
        state.state = "running"
        await self._keep(context, state)
        context.log.info(f"{state.name} is in the queue {state.queue} (task {state.task}, attempt {state.attempt})")
        return True

    async def _tasks(self, context: Context, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Document]:
        if not ids:
            return {}
        answer = await context.call("tasks.get_all", id=list(ids), only_fields=list(fields), search_hidden=True)
        return {task["id"]: task for task in answer["tasks"]}

    async def _keep(self, context: Context, state: State) -> None:
        await context.store.put(f"step {state.name}", msgspec.to_builtins(state))

    async def _show(self, context: Context) -> None:
        item = showing.configuration(self.steps, self.states)
        await context.call("tasks.edit_configuration", task=context.task, configuration=[item], force=True)
        context.plot("Pipeline", "Execution Flow", showing.flow(self.steps, self.states))
        context.plot("Pipeline Details", "Execution Details", showing.table(self.steps, self.states))
        self._shown = True


def _epoch(task: Document, field: str) -> float | None:
    return datetime.fromisoformat(task[field]).timestamp() if task.get(field) else None


def _text(value: str | int | float | bool) -> str:
    return value if isinstance(value, str) else str(value)
