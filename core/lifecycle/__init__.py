"""The life cycle of tasks: statuses, transitions, queues, and who hears of it. Used by everything that moves a task.

A change is made in a *unit*: ``await lifecycle.write(kernel, identity, work)`` runs ``work(unit)`` as one atomic unit of
work and, once it is durable, tells the task listeners of every status that changed in it::

    def work(unit: Unit) -> Document:
        task = owned_task(unit, task_id)
        return change_status(unit, task, "stopped", StatusText(reason, message), force=True)
"""

from trackyard.core.lifecycle.activity import active_seconds, mark_alive
from trackyard.core.lifecycle.pulling import eligible, something_eligible, take_next
from trackyard.core.lifecycle.queues import (
    Enqueued,
    add_entry,
    default_queue,
    dequeue,
    enqueue,
    is_watched,
    leave_queues,
    queue_by_name,
    require_queue,
)
from trackyard.core.lifecycle.statuses import (
    DELETED_PARENT,
    TRANSITIONS,
    WATCHDOG_TEXT,
    StatusText,
    change_status,
    may_change,
)
from trackyard.core.lifecycle.stopping import stop
from trackyard.core.lifecycle.unit import STATUS_FIELDS, Unit, active_schedulers, owned_task, write, write_many

__all__ = [
    "DELETED_PARENT",
    "STATUS_FIELDS",
    "TRANSITIONS",
    "WATCHDOG_TEXT",
    "Enqueued",
    "StatusText",
    "Unit",
    "active_schedulers",
    "active_seconds",
    "add_entry",
    "change_status",
    "default_queue",
    "dequeue",
    "eligible",
    "enqueue",
    "is_watched",
    "leave_queues",
    "mark_alive",
    "may_change",
    "owned_task",
    "queue_by_name",
    "require_queue",
    "something_eligible",
    "stop",
    "take_next",
    "write",
    "write_many",
]
