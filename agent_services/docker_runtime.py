"""The Docker runtime: a container of its own for each task, through the Docker SDK.

Everything that must survive the agent is in the engine: labels tell whose a container is, its log keeps the output, its
state the exit. The agent asks the engine once a second; so a restart of either is nothing special.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.utils import parse_bytes
from trackyard.agent_services.settings import AgentSettings
from trackyard.core.runtimes import Exit, ExitCause, LaunchRefused, RuntimeLimits, RuntimeUnavailable, TaskLaunch

T = TypeVar("T")
AGENT, TASK = "trackyard.agent", "trackyard.task"
RUNNER = Path(__file__).with_name("runner.py")
LOOK_SECONDS = 1.0
THREADS = 8
CONFINED = {"init": True, "security_opt": ["no-new-privileges"], "pids_limit": 4096, "cap_drop": ["ALL"]}
"""What holds for every container: no way to more rights, and no endless forking."""
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID")
"""What root keeps in a container: as much as ``apt-get`` and ``pip`` of a set-up script need."""
KILLED_CODE = 137
KILLED_CODES = (130, KILLED_CODE, 143)
RUNTIME_REFUSED = ("OCI runtime", "failed to create shim", "unable to find user")
"""What the engine says with a code of its own failure when the container can't be started as it was asked for."""
OPTIONS = {"-e": "--env", "-l": "--label", "-w": "--workdir", "-v": "--volume", "-u": "--user"}


class DockerRuntime:
    """Containers of a Docker engine; which one the environment tells (``DOCKER_HOST``)."""

    name = "docker"

    def __init__(self, settings: AgentSettings) -> None:
        """Nothing is connected yet."""
        self._settings = settings
        self._client: docker.DockerClient | None = None
        self._threads = ThreadPoolExecutor(THREADS, "docker")
        self._agent = ""
        self._usage: dict[str, tuple[float, float]] = {}

    async def open(self, agent: str) -> None:
        """Connect; raises `RuntimeUnavailable`."""
        self._agent = agent

        def connect() -> docker.DockerClient:
            client = docker.from_env(timeout=60)
            client.ping()
            return client

        self._client = await self._do(connect)

    async def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            await self._do(self._client.close)
        self._threads.shutdown(wait=False)

    async def running(self) -> dict[str, Exit | None]:
        """Every container with this agent's label."""
        found = await self._do(self._mine)
        return {container.labels[TASK]: exit_of(container.attrs) for container in found}

    async def launch(self, launch: TaskLaunch, limits: RuntimeLimits) -> None:
        """Create the container and start it; one that was created before a crash is started."""
        asked = parse_arguments(launch.arguments, self._settings.allowed_arguments)
        await self._do(lambda: self._create(launch, limits, asked))

    async def wait(self, task: str) -> Exit:
        """Look until it has ended."""
        seen: Exit | None = None
        while True:
            container = await self._find(task)
            if container is None:
                return Exit(ExitCause.LOST)
            ended = exit_of(container.attrs)
            if ended is not None and (ended == seen or ended.code != KILLED_CODE):
                return ended
            seen = ended  # the engine may tell a moment later that the reason was the memory
            await asyncio.sleep(LOOK_SECONDS)

    async def output(self, task: str, since: float) -> AsyncIterator[tuple[float, str]]:
        """Its log from ``since`` on."""
        last = since
        while True:
            try:
                container = await self._find(task)
                ended = container is None or exit_of(container.attrs) is not None
                lines = [] if container is None else await self._log_of(container, last)
            except RuntimeUnavailable:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            for when, text in lines:
                last = when
                yield when, text
            if ended:
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def statistics(self, task: str) -> Mapping[str, float]:
        """CPU in percent of one core since the last look, memory in MB."""
        container = await self._find(task)
        if container is None:
            return {}
        nothing: dict[str, Any] = {}
        told = await self._do(lambda: container.stats(stream=False, one_shot=True), gone=nothing)
        return self._figures(task, told)

    async def stop(self, task: str, grace: float) -> None:
        """SIGTERM, and SIGKILL after ``grace`` seconds."""
        container = await self._find(task)
        if container is not None:
            await self._do(lambda: container.stop(timeout=int(grace)), gone=None)

    async def remove(self, task: str) -> None:
        """Remove the container with its log."""
        container = await self._find(task)
        if container is not None:
            await self._do(lambda: container.remove(v=True, force=True), gone=None)
        self._usage.pop(task, None)

    async def _log_of(self, container: Any, since: float) -> list[tuple[float, str]]:
        return await self._do(lambda: _log(container, since), gone=[])

    async def _find(self, task: str) -> Any:
        """The container of a task, freshly inspected, or None."""
        return await self._do(lambda: self._get(task))

    def _get(self, task: str) -> Any:
        try:
            return self._engine().containers.get(container_name(task))
        except NotFound:
            return None

    def _mine(self) -> list[Any]:
        found: list[Any] = self._engine().containers.list(
            all=True, filters={"label": f"{AGENT}={self._agent}"}, ignore_removed=True
        )
        return found

    def _create(self, launch: TaskLaunch, limits: RuntimeLimits, asked: dict[str, Any]) -> None:
        self._pull(launch.image)
        environment = {**asked.pop("environment", {}), **launch.environment}
        labels = {**asked.pop("labels", {}), AGENT: self._agent, TASK: launch.task, "trackyard.name": launch.name[:200]}
        options: dict[str, Any] = {**asked, **CONFINED, "cap_add": [*CAPABILITIES, *self._settings.capabilities]}
        if self._settings.network:
            options["network"] = self._settings.network
        if limits.memory:
            options |= {"mem_limit": limits.memory, "memswap_limit": limits.memory}
        if limits.cpus:
            options["nano_cpus"] = int(limits.cpus * 1e9)
        command = ["python3", "-c", RUNNER.read_text()]
        with contextlib.suppress(_Exists):
            self._create_container(launch, command, environment, labels, options)
        container = self._get(launch.task)
        if container is not None and container.status == "created":
            with _refusals():
                container.start()

    def _create_container(
        self, launch: TaskLaunch, command: list[str], environment: dict[str, str], labels: dict[str, str], options: dict[str, Any]
    ) -> None:
        options |= {"name": container_name(launch.task), "environment": environment, "labels": labels}
        with _refusals():
            try:
                self._engine().containers.create(launch.image, command, **options)
            except ImageNotFound as error:
                raise LaunchRefused(f"no image {launch.image}: {error.explanation}") from None
            except APIError as error:
                if error.status_code == 409:
                    raise _Exists from None
                raise

    def _pull(self, image: str) -> None:
        images = self._engine().images
        with contextlib.suppress(ImageNotFound):
            images.get(image)
            if self._settings.pull != "always":
                return
        if self._settings.pull == "never":
            raise LaunchRefused(f"no image {image}, and agent_services.pull is never")
        try:
            images.pull(image)
        except (APIError, ImageNotFound) as error:
            raise LaunchRefused(f"can't pull image {image}: {error.explanation}") from None

    def _figures(self, task: str, told: Mapping[str, Any]) -> dict[str, float]:
        used = float(told.get("cpu_stats", {}).get("cpu_usage", {}).get("total_usage", 0)) / 1e9
        now = time.monotonic()
        before, at = self._usage.get(task, (used, now))
        self._usage[task] = (used, now)
        memory = float(told.get("memory_stats", {}).get("usage", 0)) / 2**20
        figures = {"memory_used": memory}
        if now > at:
            figures["cpu_usage"] = 100 * (used - before) / (now - at)
        return figures

    def _engine(self) -> docker.DockerClient:
        if self._client is None:
            raise RuntimeUnavailable("the Docker runtime is not open")
        return self._client

    async def _do(self, work: Callable[[], T], **when: T) -> T:
        """Run in a thread; an engine that can't be reached is `RuntimeUnavailable`. ``gone``: the value without a container."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except NotFound as error:
            if "gone" in when:
                return when["gone"]
            raise LaunchRefused(f"the container is gone: {error.explanation}") from None
        except (DockerException, requests.RequestException, OSError) as error:
            raise RuntimeUnavailable(f"the Docker engine can't be reached: {error}") from error


class _Exists(Exception):
    """A container of that name is there already: it was created before a crash."""


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """What the engine does not accept of a container is `LaunchRefused`: trying again would not help."""
    try:
        yield
    except APIError as error:
        code, said = error.status_code or 500, str(error.explanation)
        if code < 500 or any(words in said for words in RUNTIME_REFUSED):
            raise LaunchRefused(f"the engine refused the container: {said}") from None
        raise


def container_name(task: str) -> str:
    """The name of a task's container; the engine refuses a second one of that name."""
    return f"trackyard-{task}"


def exit_of(attributes: Mapping[str, Any]) -> Exit | None:
    """How a container ended, from what the engine tells of it; None while it runs or before its start."""
    state = attributes["State"]
    if state["Status"] not in ("exited", "dead"):
        return None
    code = int(state.get("ExitCode", 0))
    if state.get("OOMKilled"):
        return Exit(ExitCause.OUT_OF_MEMORY, code)
    if code == 0:
        return Exit(ExitCause.FINISHED, 0)
    return Exit(ExitCause.KILLED if code in KILLED_CODES else ExitCause.FAILED, code)


def _log(container: Any, since: float) -> list[tuple[float, str]]:
    """The lines after ``since``: the engine takes whole seconds, so what was told already is left out."""
    # the SDK refuses a `since` of 0
    after = {"since": int(since)} if since >= 1 else {}
    raw: bytes = container.logs(timestamps=True, **after)
    lines = []
    for line in raw.decode(errors="replace").splitlines():
        stamp, _, text = line.partition(" ")
        when = parse_stamp(stamp)
        if when > since:
            lines.append((when, text))
    return lines


def parse_stamp(stamp: str) -> float:
    """``2026-01-02T03:04:05.123456789Z`` in seconds since 1970."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z", stamp)
    if found is None:
        return time.time()
    return datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp() + float(found[2] or 0)


def parse_arguments(arguments: Iterable[str], allowed: Iterable[str]) -> dict[str, Any]:
    """A task's arguments of ``docker run`` as options of the SDK; raises `LaunchRefused` for one that is not allowed."""
    permitted = {OPTIONS.get(name, name) for name in allowed}
    options: dict[str, Any] = {}
    for name, value in _pairs(arguments):
        if name not in permitted or name not in CONVERTERS:
            raise LaunchRefused(
                f"container.arguments: {name} is not allowed; allowed are {', '.join(sorted(permitted & CONVERTERS.keys()))}"
            )
        try:
            CONVERTERS[name](options, value)
        except (ValueError, DockerException):
            raise LaunchRefused(f"container.arguments: {name}: found {value!r}, which it can't be") from None
    return options


def _pairs(arguments: Iterable[str]) -> Iterable[tuple[str, str]]:
    rest = iter(arguments)
    for word in rest:
        name, given, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if not name.startswith("-"):
            raise LaunchRefused(f"container.arguments: {word!r} is not an argument of docker run")
        if not given:
            value = next(rest, "")
        yield OPTIONS.get(name, name), value


def _into(key: str) -> Callable[[dict[str, Any], str], None]:
    def add(options: dict[str, Any], value: str) -> None:
        name, _, text = value.partition("=")
        options.setdefault(key, {})[name] = text

    return add


def _set(key: str) -> Callable[[dict[str, Any], str], None]:
    def put(options: dict[str, Any], value: str) -> None:
        options[key] = value

    return put


def _append(key: str) -> Callable[[dict[str, Any], str], None]:
    def add(options: dict[str, Any], value: str) -> None:
        options.setdefault(key, []).append(value)

    return add


def _size(options: dict[str, Any], value: str) -> None:
    options["shm_size"] = parse_bytes(value)


def _gpus(options: dict[str, Any], value: str) -> None:
    count = -1 if value in ("all", "") else int(value)
    options["device_requests"] = [docker.types.DeviceRequest(count=count, capabilities=[["gpu"]])]


CONVERTERS: dict[str, Callable[[dict[str, Any], str], None]] = {
    "--env": _into("environment"),
    "--label": _into("labels"),
    "--shm-size": _size,
    "--workdir": _set("working_dir"),
    "--hostname": _set("hostname"),
    "--user": _set("user"),
    "--network": _set("network"),
    "--ipc": _set("ipc_mode"),
    "--volume": _append("volumes"),
    "--gpus": _gpus,
}
"""The arguments of ``docker run`` that are understood, where an administrator allows them."""
