"""The query language of ``get_all``: filters, order, pages and projections of a request become SQL.

``from trackyard.core import query`` and then::

    result = await query.page(call.metadata, query.TASKS, call.body, call.identity, expand=True)
    return result.answer("tasks")
"""

from trackyard.core.query.run import (
    MODELS,
    PROJECTS,
    QUEUES,
    TASKS,
    USERS,
    QueryResult,
    conditions,
    count,
    get,
    ids,
    page,
    run,
)

__all__ = [
    "MODELS",
    "PROJECTS",
    "QUEUES",
    "TASKS",
    "USERS",
    "QueryResult",
    "conditions",
    "count",
    "get",
    "ids",
    "page",
    "run",
]
