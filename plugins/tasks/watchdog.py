"""The watchdog: running tasks that nobody heard of for long are stopped."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import select
from trackyard.core import lifecycle
from trackyard.core.entities import Task, table_of
from trackyard.core.identity import SYSTEM
from trackyard.core.kernel import Kernel
from trackyard.core.lifecycle import STATUS_FIELDS, WATCHDOG_TEXT, StatusText, Unit, change_status

SECONDS = 900.0
"""How often it looks."""
SILENCE = timedelta(seconds=7200)
"""A running task without a sign of life for so long is taken for dead."""
BATCH = 100
log = logging.getLogger(__name__)


async def stop_silent_tasks(kernel: Kernel) -> None:
    """Stop the running tasks whose ``last_update`` is too old; clients know the text that it leaves."""
    while stopped := await lifecycle.write(kernel, SYSTEM, _stop_some):
        log.warning("stopped %d tasks that gave no sign of life for %s", len(stopped), SILENCE)


def _stop_some(unit: Unit) -> list[str]:
    table = table_of(Task)
    columns = [table.c[name] for name in STATUS_FIELDS]
    silent = (table.c.status == "in_progress", table.c.last_update < unit.now - SILENCE)
    tasks = [dict(row) for row in unit.session.execute(select(*columns).where(*silent).limit(BATCH)).mappings()]
    text = StatusText(WATCHDOG_TEXT, WATCHDOG_TEXT)
    for task in tasks:
        change_status(unit, task, "stopped", text, more={"completed": unit.now})
    return [task["id"] for task in tasks]
