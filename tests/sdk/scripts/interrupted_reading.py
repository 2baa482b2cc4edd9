"""Reads the interrupted run: with ``half`` what was acknowledged before the crash, with ``all`` everything."""

import json
import sys
from pathlib import Path

from clearml import Task
from interrupted import STEPS


def main(result: Path, part: str) -> None:
    """Compare what the server has with what the script was told is stored."""
    task = Task.get_task(task_id=json.loads(result.read_text())["task"])
    curve = task.get_reported_scalars()["loss"]["train"]
    stored = dict(zip(curve["x"], curve["y"], strict=True))
    count = STEPS if part == "half" else 2 * STEPS
    assert {step: stored.get(step) for step in range(count)} == {step: step / 8 for step in range(count)}
    assert task.get_parameter("Args/acknowledged") == "yes"
    assert task.artifacts["before"].get() == {"half": 1}
    console = "\n".join(task.get_reported_console_output(number_of_reports=1000))
    assert "reported from 0" in console
    if part == "all":
        assert task.get_status() == "completed"
        assert task.get_parameter("Args/after") == "yes"
        assert task.artifacts["after"].get() == {"half": 2}
        assert f"reported from {STEPS}" in console
    print("nothing is lost")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
