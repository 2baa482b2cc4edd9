"""A run whose server dies in the middle: it reports, says what is acknowledged, reports again and ends."""

import json
import sys
from pathlib import Path

from clearml import Task
from described import wait_until_described

STEPS = 500


def report(task: Task, first: int) -> None:
    """A part of the curve and a line of text."""
    for step in range(first, first + STEPS):
        task.get_logger().report_scalar("loss", "train", value=step / 8, iteration=step)
    task.get_logger().report_text(f"reported from {first}")


def main(result: Path) -> None:
    """Two halves; the file of the result appears between them, when the first is acknowledged."""
    task = Task.init("Real clients/interrupted", f"interrupted {Path.cwd().name}", output_uri=True, reuse_last_task_id=False)
    wait_until_described(task)
    report(task, 0)
    assert task.upload_artifact("before", {"half": 1}, wait_on_upload=True)
    task.set_parameter("Args/acknowledged", "yes")
    task.get_logger().flush(wait=True)
    acknowledged = result.with_suffix(".new")
    acknowledged.write_text(json.dumps({"task": task.id}))
    acknowledged.rename(result)
    report(task, STEPS)
    task.set_parameter("Args/after", "yes")
    task.get_logger().flush(wait=True)
    assert task.upload_artifact("after", {"half": 2}, wait_on_upload=True)
    task.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
