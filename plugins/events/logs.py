"""Reading, downloading and clearing logs."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from aiohttp import web
from aiohttp.payload import AsyncIterablePayload
from trackyard.core.contracts.events import Entity, EventStore, LogQuery, LogRecord
from trackyard.core.protocol.endpoint import Call
from trackyard.plugins.events.entities import check_writable, lookup
from trackyard.plugins.events.requests import ClearLogRequest, DownloadLogRequest, LogRequest
from trackyard.plugins.events.shapes import iso_time, log_event

__all__ = ["clear_task_log", "download_task_log", "get_task_log"]

MAX_PAGE = 10_000
"""Records of one page; more are asked for in vain."""

DOWNLOAD_PAGE = 5000


async def get_task_log(call: Call, request: LogRequest) -> dict[str, Any]:
    """A page of a log.

    ``navigate_earlier``: the records before ``from_timestamp`` (none: the newest), newest first; otherwise those after it
    (none: from the beginning), oldest first. ``from_timestamp`` itself is not on the page. ``order`` changes the order only.
    """
    await lookup(call, "task", [request.task])
    earlier = request.navigate_earlier
    edge = None if request.from_timestamp is None else int(request.from_timestamp)
    after, before = (None, edge) if earlier else (edge, None)
    page = await call.events.logs(
        LogQuery(Entity("task", request.task), after, before, earlier, min(request.batch_size, MAX_PAGE))
    )
    descending = request.order == "desc" if request.order else earlier
    records = page.records[::-1] if descending else page.records
    return {"events": [log_event(record, request.task) for record in records], "returned": len(records), "total": page.total}


async def download_task_log(call: Call, request: DownloadLogRequest) -> web.StreamResponse:
    """A whole log as a text file, oldest first, however long it is."""
    known = (await lookup(call, "task", [request.task]))[request.task]
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'task_{known.id}.log')}",
        "X-Content-Type-Options": "nosniff",
    }
    lines = _download(call.events, request)
    return web.Response(body=AsyncIterablePayload(lines, content_type="text/plain"), headers=headers)


async def _download(events: EventStore, request: DownloadLogRequest) -> AsyncIterator[bytes]:
    after = None
    while True:
        query = LogQuery(Entity("task", request.task), after=after, newest=False, limit=DOWNLOAD_PAGE)
        records = (await events.logs(query)).records
        if not records:
            return
        yield "".join(_line(record, request) for record in records).encode("utf-8", "replace")
        after = records[-1].timestamp


def _line(record: LogRecord, request: DownloadLogRequest) -> str:
    if request.line_type == "json":
        return json.dumps(log_event(record, request.task)) + "\n"
    parts = {"asctime": iso_time(record.timestamp), "worker": record.worker, "level": record.level, "msg": record.message.strip()}
    # the client's text is no format string of ours: only these names mean something in it
    return re.sub(r"\{(asctime|worker|level|msg)\}", lambda found: parts[found[1]], request.line_format) + "\n"


async def clear_task_log(call: Call, request: ClearLogRequest) -> dict[str, Any]:
    """Delete log records. They have no metrics, so none is selected by ``include_metrics``."""
    await check_writable(call, "task", request.task, request.allow_locked)
    if request.include_metrics:
        return {"deleted": 0}
    before = None if request.threshold_sec is None else int((time.time() - request.threshold_sec) * 1000)
    deleted = await call.events.delete_logs(Entity("task", request.task), before)
    return {"deleted": deleted.events}
