"""The parent of a task's process in the process runtime: keeps its output with times, and writes down how it ended.

It outlives the agent, whose child it is not: what starts it returns at once.
``python -m trackyard.agent_services.process_host FOLDER PYTHON RUNNER``
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType


def main() -> int:
    """Run the runner in a process group of its own and write ``output`` and ``exit`` into the folder."""
    folder, python, runner = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    if os.fork():
        os._exit(0)
    os.setsid()
    child = subprocess.Popen(
        [python, runner], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, cwd=folder
    )

    def pass_on(number: int, frame: FrameType | None) -> None:
        os.killpg(child.pid, number)

    signal.signal(signal.SIGTERM, pass_on)
    write(folder / "pids", json.dumps({"host": os.getpid(), "task": child.pid}))
    assert child.stdout is not None  # noqa: S101 - it is a pipe
    with (folder / "output").open("a", encoding="utf-8", buffering=1) as output:
        for line in child.stdout:
            output.write(f"{time.time():.6f} {line.decode(errors='replace').rstrip()}\n")
    write(folder / "exit", str(child.wait()))
    return 0


def write(path: Path, text: str) -> None:
    """Write a file so that it is there wholly or not at all."""
    temporary = path.with_suffix(".new")
    temporary.write_text(text)
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main())
