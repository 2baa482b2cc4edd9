"""``trackyard agent`` in a process of its own, which may be killed and started again."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from trackyard.core.testing.server import ServerProcess

NAME = "host:services"
"""The agent's name."""
SETTINGS = """
[agent_services]
name = "{name}"
install_requirements = false
poll_seconds = 0.5
report_seconds = 2.0
grace_seconds = 5.0
"""


class AgentProcess:
    """An agent of a server; use it in a ``with`` statement."""

    def __init__(self, server: ServerProcess, folder: Path, settings: str, name: str = NAME, **variables: str) -> None:
        """``settings`` are lines of the table ``agent_services`` after the usual ones; ``variables`` of its environment."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        (folder / "plugins.toml").write_text(SETTINGS.format(name=name) + settings)
        state = {"TRACKYARD_AGENT_DIR": str(folder / "state"), "PYTHONUNBUFFERED": "1"}
        self.environment = {**server.client_environment(folder / "home"), **state, **variables}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        """What it has written since its first start."""
        return (self._folder / "agent.log").read_text(errors="replace")

    def start(self) -> None:
        """Start it."""
        program = str(Path(sys.executable).with_name("trackyard"))
        places = ["--config", str(self._folder / "plugins.toml"), "--data-dir", str(self._folder / "data")]
        with (self._folder / "agent.log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "agent", *places], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """End it at once, as a crash would."""
        assert self._process is not None, "the agent was not started"
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        assert self._process is not None, "the agent was not started"
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End it."""
        self.kill()
