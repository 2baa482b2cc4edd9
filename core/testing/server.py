"""A real server in a process of its own, for tests that need HTTP, several processes or a crash."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from trackyard.core.testing import postgresql

START_DEADLINE = 120.0
STOP_DEADLINE = 60.0
ACCESS_KEY = "TESTACCESSKEYTESTACCESSKEY1234"
SECRET_KEY = "test-secret-key-test-secret-key-test-secret-key-12345"
ADMIN_PASSWORD = "test-password-of-one-test"

RUNNING: weakref.WeakSet[ServerProcess] = weakref.WeakSet()
"""Every server of this process; a failed test shows their logs."""


class ServerError(AssertionError):
    """The server did not start, or ended before it was told to; the message has the end of its log."""


class Ports:
    """Numbers of TCP ports that stay reserved among the tests of one machine while this object is open.

    They lie below the range from which the system takes ports for outgoing connections, so a server that was killed can
    have them again. The reservation is a UDP socket on the same number.
    """

    def __init__(self, count: int) -> None:
        """Reserve ``count`` ports on the loopback."""
        self._held: list[socket.socket] = []
        while len(self._held) < count:
            if held := _reserve(random.SystemRandom().randrange(12000, 32000)):
                self._held.append(held)
        self.numbers = [int(held.getsockname()[1]) for held in self._held]

    def close(self) -> None:
        """Let others have the ports."""
        for held in self._held:
            held.close()


def _reserve(number: int) -> socket.socket | None:
    guard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        guard.bind(("127.0.0.1", number))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", number))
    except OSError:
        guard.close()
        return None
    return guard


class ServerProcess:
    """``trackyard serve`` on free loopback ports with known credentials; use it in a ``with`` statement.

    ``folder`` receives the data directory, the log and ``plugins.toml`` (written when ``config`` is given). ``environment``
    is added to that of the process. The server may be killed and started again: ports and data stay the same.
    """

    def __init__(
        self,
        folder: Path,
        config: str = "",
        environment: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        program: Path | None = None,
    ) -> None:
        """Reserve the ports; `start` starts the process. ``program`` is by default the command beside this interpreter."""
        self._program = program or Path(sys.executable).with_name("trackyard")
        self.folder = folder
        self.data_dir = folder / "data"
        self._log_path = folder / "server.log"
        self._ports = Ports(3)
        self.api_port, self.web_port, self.files_port = self._ports.numbers
        self._arguments = list(arguments)
        self._environment = {**postgresql.environment(folder, config), **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        if config:
            (folder / "plugins.toml").write_text(config)
            self._arguments += ["--config", str(folder / "plugins.toml")]
        RUNNING.add(self)

    @property
    def api(self) -> str:
        """URL of the API."""
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def web(self) -> str:
        """URL of the web application."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def files(self) -> str:
        """URL of the file server."""
        return f"http://127.0.0.1:{self.files_port}"

    @property
    def pid(self) -> int:
        """Process id; the server must be running."""
        assert self._process is not None, "the server was not started"
        return self._process.pid

    @property
    def log(self) -> str:
        """What the server wrote since its first start."""
        return self._log_path.read_text(errors="replace") if self._log_path.exists() else ""

    def start(self) -> Self:
        """Start the server and wait until it is ready; raises `ServerError` with the log if it isn't within two minutes."""
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=self.folder,
                env=self._variables(),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        for _ in _until(START_DEADLINE):
            if self._process.poll() is not None:
                raise ServerError(f"the server ended with code {self._process.returncode}:\n{self.log[-8000:]}")
            if _answers(self.api_port, "/readyz") == 200:
                return self
        self.kill()
        raise ServerError(f"the server is not ready after {START_DEADLINE:.0f} s:\n{self.log[-8000:]}")

    def kill(self) -> None:
        """End the process at once (SIGKILL), as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int:
        """Ask the server to end (SIGTERM) and return its exit code."""
        assert self._process is not None, "the server was not started"
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerError(f"the server did not end within {STOP_DEADLINE:.0f} s:\n{self.log[-8000:]}") from None

    def client_environment(self, home: Path) -> dict[str, str]:
        """Variables for a process that runs the SDK or the agent against this server, with a home of its own."""
        home.mkdir(parents=True, exist_ok=True)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("CLEARML_", "TRAINS_", "TRACKYARD"))}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        return kept | {
            "HOME": str(home),
            "CLEARML_CONFIG_FILE": str(home / "clearml.conf"),
            "CLEARML_API_HOST": self.api,
            "CLEARML_WEB_HOST": self.web,
            "CLEARML_FILES_HOST": self.files,
            "CLEARML_API_ACCESS_KEY": ACCESS_KEY,
            "CLEARML_API_SECRET_KEY": SECRET_KEY,
            "CLEARML_SUPPRESS_UPDATE_MESSAGE": "1",
            "NO_PROXY": "127.0.0.1",
        }

    def close(self) -> None:
        """Stop the server if it runs and give the ports back."""
        try:
            if self._process is not None and self._process.poll() is None:
                self.stop()
        finally:
            self._ports.close()
            RUNNING.discard(self)

    def _command(self) -> list[str]:
        ports = ["--api-port", str(self.api_port), "--web-port", str(self.web_port), "--files-port", str(self.files_port)]
        return [str(self._program), "serve", "--data-dir", str(self.data_dir), *ports, *self._arguments]

    def _variables(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TRACKYARD")}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        credentials = {"TRACKYARD_ACCESS_KEY": ACCESS_KEY, "TRACKYARD_SECRET_KEY": SECRET_KEY}
        return kept | credentials | {"TRACKYARD_ADMIN_PASSWORD": ADMIN_PASSWORD, "PYTHONUNBUFFERED": "1"} | self._environment

    def __enter__(self) -> Self:
        """Start the server."""
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop it; after a failure its log is printed, and pytest shows it."""
        if error is not None:
            print(f"--- log of the server\n{self.log[-20000:]}")
        self.close()


def _until(seconds: float) -> Iterator[None]:
    """Iterate, with a short pause each time, until the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.05)


def _answers(port: int, path: str) -> int | None:
    """The HTTP status of a path on the loopback, or None when nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", path)
        return connection.getresponse().status
    return None
