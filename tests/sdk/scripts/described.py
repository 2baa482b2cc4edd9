"""Waiting for the SDK to have looked at the script."""

import time

from clearml import Task


def wait_until_described(task: Task) -> None:
    """Wait until the SDK has stored what the script is and needs, which it finds out in a thread of its own.

    The first report forks. Forking while that thread starts git can make both wait for each other, with any server.
    """
    end = time.monotonic() + 240
    while not (task.data.script and (task.data.script.requirements or {}).get("pip")):
        assert time.monotonic() < end, "the script is not described"
        time.sleep(0.2)
        task.reload()
