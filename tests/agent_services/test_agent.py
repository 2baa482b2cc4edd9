"""The agent against a real server and an engine made for tests: take, adopt, end, abort, refuse; nothing lost, nothing twice."""

import asyncio

from trackyard.core.runtimes import ExitCause

from tests.agent_services.conftest import WORKER, Yard


async def test_a_task_runs_and_its_end_is_told(yard: Yard) -> None:
    task = await yard.enqueue(container={"image": "my-image", "arguments": "-e A=1", "setup_shell_script": "echo hi"})
    async with yard.agent(memory="512m", cpus=0.5):
        await yard.until_launched(task)
        container = yard.engine.containers[task]
        assert container.launch.image == "my-image"
        assert list(container.launch.arguments) == ["-e", "A=1"]
        assert container.launch.environment["CLEARML_TASK_ID"] == task
        assert container.launch.environment["TRACKYARD_SETUP"] == "echo hi"
        assert (container.limits.memory, container.limits.cpus) == (512 * 2**20, 0.5)
        found = await yard.until_status(task, "in_progress")
        assert found["last_worker"] == f"{WORKER}:{task}"

        async def node() -> bool:
            workers = (await yard.api.call("workers.get_all"))["workers"]
            return {WORKER, f"{WORKER}:{task}"} <= {worker["id"] for worker in workers}

        await yard.until(node)
        container.lines += [(1.0, "first"), (2.0, "second")]
        yard.engine.end(task, ExitCause.FINISHED, 0)
        await yard.until_status(task, "completed")

        async def removed() -> bool:
            return task in yard.engine.removed

        await yard.until(removed)
    assert await yard.log(task) == ["first", "second"]
    workers = (await yard.api.call("workers.get_all"))["workers"]
    assert f"{WORKER}:{task}" not in {worker["id"] for worker in workers}


async def test_the_cause_of_a_failure_is_told(yard: Yard) -> None:
    causes = {ExitCause.FAILED: 3, ExitCause.OUT_OF_MEMORY: 137, ExitCause.KILLED: 137}
    tasks = {cause: await yard.enqueue(f"service {cause}") for cause in causes}
    async with yard.agent():
        for cause, task in tasks.items():
            await yard.until_launched(task)
            yard.engine.end(task, cause, causes[cause])
        for cause, task in tasks.items():
            found = await yard.until_status(task, "failed")
            assert found["status_message"] == f"Task {cause} (exit code {causes[cause]})"


async def test_abort_reaches_the_container(yard: Yard) -> None:
    task = await yard.enqueue()
    async with yard.agent():
        await yard.until_launched(task)
        await yard.api.call("tasks.stop", task=task)
        found = await yard.until_status(task, "stopped")
        assert found["status_message"].startswith("Stopped by the user")


async def test_a_task_that_is_deleted_or_reset_is_ended(yard: Yard) -> None:
    gone, reset = await yard.enqueue("service gone"), await yard.enqueue("service reset")
    async with yard.agent():
        await yard.until_launched(gone)
        await yard.until_launched(reset)
        await yard.api.call("tasks.delete", task=gone, force=True)
        await yard.api.call("tasks.reset", task=reset, force=True)

        async def ended() -> bool:
            return {gone, reset} <= set(yard.engine.removed)

        await yard.until(ended)
    assert (await yard.task(reset))["status"] == "created"


async def test_many_run_side_by_side_within_the_limit(yard: Yard) -> None:
    tasks = [await yard.enqueue(f"service {number}") for number in range(6)]
    async with yard.agent(max_tasks=4):

        async def four() -> bool:
            return len(yard.engine.containers) == 4

        await yard.until(four)
        await asyncio.sleep(0.2)
        assert sorted(yard.engine.launches) == sorted(tasks[:4])
        for task in tasks[:4]:
            yard.engine.end(task, ExitCause.FINISHED, 0)
        for task in tasks[4:]:
            await yard.until_launched(task)
            yard.engine.end(task, ExitCause.FINISHED, 0)
        for task in tasks:
            await yard.until_status(task, "completed")
    assert sorted(yard.engine.launches) == sorted(tasks)


async def test_a_new_agent_adopts_what_runs_and_tells_what_ended(yard: Yard) -> None:
    runs, ended, stopped = [await yard.enqueue(f"service {name}") for name in ("runs", "ended", "stopped")]
    async with yard.agent():
        for task in (runs, ended, stopped):
            await yard.until_launched(task)
            await yard.until_status(task, "in_progress")
    yard.engine.containers[ended].lines.append((5.0, "said while nobody listened"))
    yard.engine.end(ended, ExitCause.FINISHED, 0)
    await yard.api.call("tasks.stopped", task=stopped)
    async with yard.agent():
        await yard.until_status(ended, "completed")

        async def orphan_ended() -> bool:
            return stopped in yard.engine.removed

        await yard.until(orphan_ended)
        yard.engine.end(runs, ExitCause.FINISHED, 0)
        await yard.until_status(runs, "completed")
    assert await yard.log(ended) == ["said while nobody listened"]
    assert sorted(yard.engine.launches) == sorted([runs, ended, stopped])


async def test_a_task_that_was_taken_and_not_launched_is_not_lost(yard: Yard) -> None:
    task = await yard.enqueue()
    queue = (await yard.api.call("queues.get_all", {"name": "^services$", "only_fields": ["id"]}))["queues"][0]["id"]
    assert (await yard.api.call("agents.take", worker=WORKER, queues=[queue]))["task"] == task
    assert await yard.api.call("agents.take", worker=WORKER, queues=[queue]) == {}
    async with yard.agent():
        await yard.until_launched(task)
        yard.engine.end(task, ExitCause.FINISHED, 0)
        await yard.until_status(task, "completed")
    assert yard.engine.launches == [task]


async def test_who_may_run_no_agents_is_given_no_task(yard: Yard) -> None:
    task = await yard.enqueue()
    queue = (await yard.api.call("queues.get_all", {"name": "^services$", "only_fields": ["id"]}))["queues"][0]["id"]
    for role, code in (("guest", (403, 20)), ("annotator", (403, 20)), ("user", (200, 0))):
        made = (await yard.api.call("auth.create_credentials", role=role))["credentials"]
        caller = yard.api.as_user(made["access_key"], made["secret_key"])
        assert (await caller.ask("agents.owned", {"worker": WORKER})).codes == code
        assert (await caller.ask("agents.take", {"worker": WORKER, "queues": [queue]})).codes == code
        assert (await yard.task(task))["status"] == ("in_progress" if role == "user" else "queued")


async def test_an_engine_that_goes_away_and_comes_back(yard: Yard) -> None:
    task = await yard.enqueue()
    async with yard.agent():
        await yard.until_launched(task)
        yard.engine.away = True
        later = await yard.enqueue("service later")
        await asyncio.sleep(0.3)
        assert (await yard.task(task))["status"] == "in_progress"
        yard.engine.away = False
        await yard.until_launched(later)
        for one in (task, later):
            yard.engine.end(one, ExitCause.FINISHED, 0)
            await yard.until_status(one, "completed")
    assert yard.engine.launches == [task, later]


async def test_a_task_that_can_not_be_launched_fails_with_the_reason(yard: Yard) -> None:
    yard.engine.refused_images.add("no-such-image")
    refused = await yard.enqueue(container={"image": "no-such-image"})
    unreadable = await yard.enqueue(container={"arguments": "--env 'A"})
    async with yard.agent():
        assert (await yard.until_status(refused, "failed"))["status_message"] == "no image no-such-image"
        assert "container.arguments" in (await yard.until_status(unreadable, "failed"))["status_message"]
    assert await yard.log(refused) == ["trackyard agent: no image no-such-image"]


async def test_a_failed_task_is_started_again_as_often_as_is_set(yard: Yard) -> None:
    task = await yard.enqueue()
    async with yard.agent(restarts=1):
        for start in (1, 2):

            async def launched(times: int = start) -> bool:
                return yard.engine.launches.count(task) == times and task in yard.engine.containers

            await yard.until(launched)
            yard.engine.end(task, ExitCause.FAILED, 1)
        await yard.until_status(task, "failed")
    assert yard.engine.launches == [task, task]
