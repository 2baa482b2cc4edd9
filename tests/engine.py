"""A Docker Engine for tests: a process of its own with its own data, socket and container daemon; nothing is pulled."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from tests.docker_image import write_image
from tests.needs import missing

IMAGE = "trackyard-tests:python"
DEADLINE = 90.0
FLAGS = ("--bridge=none", "--iptables=false", "--ip6tables=false", "--live-restore", "--log-level=warn")


class EngineRefused(Exception):
    """The kernel or the sandbox does not let the engine run; the message has the engine's own words."""


class Engine:
    """One engine: may be killed and started again with what it had. Containers outlive it (``--live-restore``)."""

    def __init__(self, folder: Path) -> None:
        """``folder`` must have a short path: a socket's path is limited to 107 characters."""
        self.folder = folder
        self.host = f"unix://{folder}/engine.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What the engine wrote."""
        return (self.folder / "engine.log").read_text(errors="replace")

    def start(self) -> None:
        """Start it and wait until it answers; raises `EngineRefused`."""
        own = {"--data-root": "data", "--exec-root": "run", "--pidfile": "engine.pid"}
        places = [word for flag, name in own.items() for word in (flag, str(self.folder / name))]
        with (self.folder / "engine.log").open("ab") as log:
            command = [str(find_engine()), *places, "--host", self.host, *FLAGS]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + DEADLINE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise EngineRefused(self.log[-2000:])
            time.sleep(0.1)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(str(self.folder / "engine.sock"))
            connection.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(4096)
        return False

    @contextlib.contextmanager
    def client(self) -> Iterator[docker.DockerClient]:
        """A client of this engine."""
        client = docker.DockerClient(base_url=self.host, timeout=60)
        try:
            yield client
        finally:
            client.close()

    def kill(self) -> None:
        """End the engine and its container daemon at once; its containers go on."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None
        daemons = [pid for pid, command in self._processes() if "--config" in command]
        for pid in daemons:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        end = time.monotonic() + DEADLINE
        while any(_lives(pid) for pid in daemons) and time.monotonic() < end:
            time.sleep(0.05)
        # a number that still stands for a process that is no more would keep the next engine waiting
        (self.folder / "run" / "containerd" / "containerd.pid").unlink(missing_ok=True)

    def close(self) -> None:
        """End the containers, the engine and whatever it started, and free what it mounted."""
        with contextlib.suppress(DockerException), self.client() as client:
            for container in client.containers.list(all=True, ignore_removed=True):
                with contextlib.suppress(DockerException):
                    container.remove(force=True)
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(30)
        self.kill()
        for pid, _ in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._unmount()

    def _processes(self) -> list[tuple[int, list[str]]]:
        """The processes with this engine's folder in their command line: its container daemon and its containers' shims."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                command = path.read_bytes()
                if f"{self.folder}/".encode() in command:
                    found.append((int(path.parent.name), command.decode(errors="replace").split("\0")))
        return found

    def _unmount(self) -> None:
        mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for place in sorted((place for place in mounted if place.startswith(f"{self.folder}/")), reverse=True):
            subprocess.run(["umount", "-l", place], check=False, capture_output=True)


def _lives(pid: int) -> bool:
    """Whether a process runs; one that only waits to be taken notice of does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def find_engine() -> Path | None:
    """The engine's program, or None."""
    found = shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    return Path(found) if found else None


@contextlib.contextmanager
def running_engine() -> Iterator[Engine]:
    """An engine with the image `IMAGE`.

    Without the program the test ends as `missing` says. Where the kernel or the sandbox does not let the engine run, it is
    skipped with the engine's own words, also under ``CI=true``.
    """
    if find_engine() is None:
        missing("the Docker Engine (docker.io)")
    folder = Path(tempfile.mkdtemp(prefix="tyd-"))
    engine = Engine(folder)
    try:
        try:
            engine.start()
            _try(engine)
        except (EngineRefused, DockerException, OSError) as error:
            pytest.skip(f"no Docker Engine can run here: {error}")
        yield engine
    finally:
        engine.close()
        shutil.rmtree(folder, ignore_errors=True)


def _try(engine: Engine) -> None:
    """Make the image and run one container of it."""
    path = engine.folder / "image.tar"
    write_image(path)
    with engine.client() as client:
        repository, _, tag = IMAGE.partition(":")
        changes = ["ENV PATH=/usr/local/bin:/usr/bin:/bin", "ENV HOME=/root"]
        client.api.import_image_from_file(str(path), repository, tag, changes=changes)
        path.unlink()
        said = client.containers.run(
            IMAGE, ["python3", "-c", "import ssl, json; print('it runs')"], network="host", init=True, remove=True
        )
        assert said == b"it runs\n", said


def enforces_memory(engine: Engine) -> bool:
    """Whether a container that takes more memory than it may is ended, and the engine tells why."""
    with engine.client() as client:
        limits = {"mem_limit": 2**26, "memswap_limit": 2**26}
        container = client.containers.create(IMAGE, ["python3", "-c", "b'x' * 2**28"], network="host", **limits)
        try:
            container.start()
            container.wait(timeout=60)
            container.reload()
            return bool(container.attrs["State"].get("OOMKilled"))
        except DockerException:
            return False
        finally:
            container.remove(force=True)
