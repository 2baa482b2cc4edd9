"""Scripts of real clients, run in processes of their own against a real server."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from trackyard.core.testing.server import ServerProcess

DEADLINE = 420.0
"""Seconds for one script: far more than it needs on a busy machine."""

TROUBLE = re.compile(r"warning|retry|retrying|error|traceback|exception|failed|timed out", re.IGNORECASE)
EXPECTED = re.compile(
    "Could not fetch GPU stats|GPU monitoring failed|Could not detect iteration reporting|Could not repair dependency graph"
)
"""What the SDK says on machines without a GPU, in the first minute of every run, and when a folder is synchronised with a
dataset that was not saved yet: it has nothing to do with the server."""


class Run:
    """A script of a client that runs or has run; its output goes to a file."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        """``output`` is the file that the process writes to."""
        self._process = process
        self._output = output

    @property
    def output(self) -> str:
        """What the script has written so far."""
        return self._output.read_text(errors="replace")

    def wait_for(self, file: Path) -> None:
        """Wait until the script has made a file; it must not end before."""
        end = time.monotonic() + DEADLINE
        while not file.exists():
            assert self._process.poll() is None, f"the script ended with code {self._process.returncode}:\n{self.output[-8000:]}"
            assert time.monotonic() < end, f"no {file.name} after {DEADLINE:.0f} s:\n{self.output[-8000:]}"
            time.sleep(0.05)

    def finish(self) -> str:
        """Wait for the end, which must be a success, and return the output."""
        try:
            code = self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the script did not end within {DEADLINE:.0f} s:\n{self.output[-8000:]}") from None
        assert code == 0, f"the script ended with code {code}:\n{self.output[-8000:]}"
        return self.output

    def kill(self) -> None:
        """End the script and every process it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class Client:
    """A folder outside any repository in which scripts run as a user's would: a home and a working directory of its own."""

    def __init__(
        self, server: ServerProcess, folder: Path, scripts: Path, python: str | Path = sys.executable, *, forks: bool = False
    ) -> None:
        """``scripts`` is a folder of Python files, copied; ``python`` is the interpreter that has the client installed.

        ``forks`` leaves the SDK its habit to report from a forked process. A script that lets it must not report before the
        SDK has looked at the script: when it forks while its other thread starts git, both wait for each other, with any
        server. Otherwise the SDK reports from a thread.
        """
        self.folder = folder
        self.environment = server.client_environment(folder / "home")
        if not forks:
            Path(self.environment["CLEARML_CONFIG_FILE"]).write_text("sdk { development { report_use_subprocess: false } }\n")
        self._bin = Path(python).parent
        self._runs = 0
        shutil.copytree(scripts, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))

    def start(self, program: str, *arguments: str) -> Run:
        """Start a script of the folder (``name.py``) or a command of the client's environment (``clearml-data``)."""
        command = [str(self._bin / "python"), program] if program.endswith(".py") else [str(self._bin / program)]
        self._runs += 1
        path = self.folder / f"output-{self._runs}.log"
        with path.open("wb") as output:
            process = subprocess.Popen(
                [*command, *arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Run(process, path)

    def run(self, program: str, *arguments: str) -> str:
        """Run a script to its end and return what it wrote; it must succeed, without a warning and without a retry."""
        return self.result(self.start(program, *arguments))

    @staticmethod
    def result(run: Run) -> str:
        """Wait for the end of a run and return what it wrote; it must succeed, without a warning and without a retry."""
        output = run.finish()
        troubles = [line for line in output.splitlines() if TROUBLE.search(line) and not EXPECTED.search(line)]
        assert not troubles, "the client complained:\n" + "\n".join(troubles) + f"\n--- all of its output\n{output[-8000:]}"
        return output
