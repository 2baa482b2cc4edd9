"""The Kubernetes runtime: a Job with one pod for each task, through ``kubernetes-asyncio`` (extra ``kubernetes``).

Everything that must survive the agent is in the cluster: labels tell whose a Job is, the pod's state tells the exit, its log
keeps the output. The environment of a task, with its credentials, is a Secret of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import aiohttp
import msgspec
from trackyard.agent_services.docker_runtime import CAPABILITIES, KILLED_CODES, RUNNER, parse_stamp
from trackyard.agent_services.kubernetes_jobs import AGENT, TASK, JobShape, job_name, quantity
from trackyard.agent_services.settings import AgentSettings
from trackyard.core.runtimes import Exit, ExitCause, LaunchRefused, RuntimeLimits, RuntimeUnavailable, TaskLaunch

LOOK_SECONDS = 2.0
WATCH_SECONDS = 60
HOPELESS = ("ErrImageNeverPull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError")
"""Why a container that waits will not start by itself."""


class KubernetesRuntime:
    """Jobs in one namespace of a cluster."""

    name = "kubernetes"

    def __init__(self, settings: AgentSettings) -> None:
        """Nothing is connected yet."""
        self._settings = settings
        self._namespace = settings.kubernetes_namespace
        self._agent = ""
        self._client: Any = None
        self._core: Any = None
        self._batch: Any = None
        self._custom: Any = None
        self._watch: Any = None

    async def open(self, agent: str) -> None:
        """Connect; raises `RuntimeUnavailable`."""
        try:
            k8s: Any = await asyncio.to_thread(importlib.import_module, "kubernetes_asyncio")
        except ImportError:
            raise RuntimeUnavailable("the runtime kubernetes needs `pip install trackyard[kubernetes]`") from None
        self._agent = hashlib.sha1(agent.encode(), usedforsecurity=False).hexdigest()
        configuration = k8s.client.Configuration()
        with _failures():
            await _configure(k8s.config, configuration, self._settings.kubernetes_context)
            self._client = k8s.client.ApiClient(configuration)
            self._core, self._batch = k8s.client.CoreV1Api(self._client), k8s.client.BatchV1Api(self._client)
            self._custom, self._watch = k8s.client.CustomObjectsApi(self._client), k8s.watch.Watch
            await self._jobs()

    async def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            await self._client.close()

    async def running(self) -> dict[str, Exit | None]:
        """Every Job with this agent's label."""
        with _failures():
            return {job.metadata.labels[TASK]: await self._exit(job.metadata.labels[TASK]) for job in await self._jobs()}

    async def launch(self, launch: TaskLaunch, limits: RuntimeLimits) -> None:
        """Create the Secret and the Job; those that were created before a crash stay as they are."""
        if launch.arguments:
            raise LaunchRefused("container.arguments are arguments of docker run: a Job takes none")
        shape = JobShape(
            agent=self._agent,
            command=["python3", "-c", await asyncio.to_thread(RUNNER.read_text)],
            pull=self._settings.pull,
            capabilities=[*CAPABILITIES, *self._settings.capabilities],
            service_account=self._settings.kubernetes_service_account,
            node_selector=self._settings.kubernetes_node_selector,
            pull_secrets=self._settings.kubernetes_pull_secrets,
        )
        try:
            with _failures(refusal="the cluster refused the Job"):
                with _ignored(409):
                    await self._core.create_namespaced_secret(self._namespace, shape.secret(launch))
                with _ignored(409):
                    await self._batch.create_namespaced_job(self._namespace, shape.job(launch, limits))
        except LaunchRefused:
            await self.remove(launch.task)
            raise

    async def wait(self, task: str) -> Exit:
        """Watch its pod until it has ended."""
        while True:
            with _failures():
                ended = await self._exit(task)
                if ended is not None:
                    return ended
                await self._until_changed(task)

    async def output(self, task: str, since: float) -> AsyncIterator[tuple[float, str]]:
        """The log of its pod from ``since`` on, followed while it runs."""
        last = since
        while True:
            ended = True
            try:
                with _failures():
                    ended = await self._exit(task) is not None
                    async for when, text in self._log(task, last):
                        last = when
                        yield when, text
            except RuntimeUnavailable:
                ended = False
            if ended:
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def statistics(self, task: str) -> Mapping[str, float]:
        """CPU in percent of one core and memory in MB, where the cluster has the metrics API."""
        with _failures():
            pod = await self._pod(task)
            if pod is None:
                return {}
            told: dict[str, Any] = {}
            with _ignored(403, 404, 503):
                place = (self._namespace, "pods", pod.metadata.name)
                told = await self._custom.get_namespaced_custom_object("metrics.k8s.io", "v1beta1", *place)
        usage = [container["usage"] for container in told.get("containers", [])]
        if not usage:
            return {}
        return {
            "cpu_usage": 100 * sum(quantity(one["cpu"]) for one in usage),
            "memory_used": sum(quantity(one["memory"]) for one in usage) / 2**20,
        }

    async def stop(self, task: str, grace: float) -> None:
        """Suspend the Job, so that nothing starts its pod again, and end the pod: SIGKILL after ``grace`` seconds."""
        with _failures(), _ignored(404):
            await self._batch.patch_namespaced_job(job_name(task), self._namespace, {"spec": {"suspend": True}})
            await self._core.delete_collection_namespaced_pod(
                self._namespace, label_selector=f"{TASK}={task}", grace_period_seconds=int(grace)
            )

    async def remove(self, task: str) -> None:
        """Remove the Job with its pod, and the Secret."""
        with _failures():
            with _ignored(404):
                await self._batch.delete_namespaced_job(job_name(task), self._namespace, propagation_policy="Background")
            with _ignored(404):
                await self._core.delete_namespaced_secret(job_name(task), self._namespace)

    async def _jobs(self) -> list[Any]:
        found = await self._batch.list_namespaced_job(self._namespace, label_selector=f"{AGENT}={self._agent}")
        return list(found.items)

    async def _pod(self, task: str) -> Any:
        found = await self._core.list_namespaced_pod(self._namespace, label_selector=f"{TASK}={task}")
        return found.items[-1] if found.items else None

    async def _exit(self, task: str) -> Exit | None:
        """How it ended; a Job whose pod is gone although it was not stopped is lost."""
        pod = await self._pod(task)
        if pod is not None:
            return exit_of(pod)
        job = None
        with _ignored(404):
            job = await self._batch.read_namespaced_job(job_name(task), self._namespace)
        if job is None:
            return Exit(ExitCause.LOST)
        if job.spec.suspend:
            return Exit(ExitCause.KILLED)
        failed = any(condition.type == "Failed" and condition.status == "True" for condition in job.status.conditions or [])
        return Exit(ExitCause.LOST) if failed else None

    async def _until_changed(self, task: str) -> None:
        """Wait for news of its pod, but not for ever."""
        watch = self._watch()
        try:
            where = {"label_selector": f"{TASK}={task}", "timeout_seconds": WATCH_SECONDS}
            async for event in watch.stream(self._core.list_namespaced_pod, self._namespace, **where):
                if event["type"] == "DELETED" or exit_of(event["object"]) is not None:
                    return
            await asyncio.sleep(LOOK_SECONDS)
        finally:
            await watch.close()

    async def _log(self, task: str, since: float) -> AsyncIterator[tuple[float, str]]:
        pod = await self._pod(task)
        if pod is None or pod.status.phase == "Pending":
            return
        after = {"since_seconds": max(1, int(time.time() - since) + 1)} if since > 0 else {}
        with _ignored(400, 404):  # the container is not there yet, or no more
            response = await self._core.read_namespaced_pod_log(
                pod.metadata.name,
                self._namespace,
                follow=True,
                timestamps=True,
                _preload_content=False,
                _request_timeout=aiohttp.ClientTimeout(total=None),
                **after,
            )
            async with response:
                response.raise_for_status()
                async for line in response.content:
                    stamp, _, text = line.decode(errors="replace").rstrip("\r\n").partition(" ")
                    when = parse_stamp(stamp)
                    if when > since:
                        yield when, text


def exit_of(pod: Any) -> Exit | None:
    """How the container of a pod ended; None while it runs or may still start."""
    for status in pod.status.container_statuses or []:
        ended, waits = status.state.terminated, status.state.waiting
        if ended is not None:
            return _exit_of_container(int(ended.exit_code), ended.reason or "")
        if waits is not None and waits.reason in HOPELESS:
            return Exit(ExitCause.FAILED, detail=f"{waits.reason}: {waits.message or 'no more is told'}")
    if pod.status.phase == "Failed":
        return Exit(ExitCause.KILLED, detail=pod.status.reason or "")
    return None


def _exit_of_container(code: int, reason: str) -> Exit:
    if reason == "OOMKilled":
        return Exit(ExitCause.OUT_OF_MEMORY, code)
    if code == 0:
        return Exit(ExitCause.FINISHED, 0)
    return Exit(ExitCause.KILLED if code in KILLED_CODES else ExitCause.FAILED, code)


async def _configure(config: Any, configuration: Any, context: str) -> None:
    """Read the account of the pod, or the kubeconfig, in a thread: both read files, the second on a loop of its own."""
    try:
        await asyncio.to_thread(config.load_incluster_config, client_configuration=configuration)
    except config.ConfigException:
        reading = config.load_kube_config(context=context or None, client_configuration=configuration)
        await asyncio.to_thread(asyncio.run, reading)


@contextlib.contextmanager
def _failures(refusal: str = "") -> Iterator[None]:
    """A cluster that can't be reached is `RuntimeUnavailable`; what it does not accept, with ``refusal``, `LaunchRefused`."""
    from kubernetes_asyncio import config
    from kubernetes_asyncio.client import ApiException

    try:
        yield
    except ApiException as error:
        if refusal and error.status in (400, 403, 404, 422):
            raise LaunchRefused(f"{refusal}: {_message(error)}") from None
        raise RuntimeUnavailable(f"the cluster answers {error.status}: {_message(error)}") from error
    except (aiohttp.ClientError, TimeoutError, OSError, config.ConfigException) as error:
        raise RuntimeUnavailable(f"the cluster can't be reached: {error}") from error


@contextlib.contextmanager
def _ignored(*codes: int) -> Iterator[None]:
    from kubernetes_asyncio.client import ApiException

    try:
        yield
    except ApiException as error:
        if error.status not in codes:
            raise
    except aiohttp.ClientResponseError as error:
        if error.status not in codes:
            raise


def _message(error: Any) -> str:
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return str(msgspec.json.decode(error.body)["message"])
    return str(error.reason)
