"""Events as the protocol shows them, and cursors as opaque texts."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

import msgspec
from trackyard.core.contracts.events import NO_ITERATION, LogRecord, Sample, SeriesPoints

__all__ = ["iso_time", "log_event", "numbers", "open_cursor", "point_events", "sample_event", "seal_cursor"]


def iso_time(timestamp: int) -> str:
    """A time in ms as events show it: UTC with milliseconds and ``Z``."""
    try:
        return datetime.fromtimestamp(timestamp / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{timestamp % 1000:03d}Z"
    except (ValueError, OverflowError, OSError):
        return "1970-01-01T00:00:00.000Z"  # a client's clock may be anywhere


def numbers(values: Any) -> list[float | None]:
    """A column as JSON can say it: what is no number becomes null."""
    return [None if value != value else value for value in values.tolist()]


def point_events(points: SeriesPoints, model_event: bool) -> list[dict[str, Any]]:
    """The points of a series as events, in their order."""
    common = {
        "type": "training_stats_scalar",
        "task": points.entity,
        "metric": points.metric,
        "variant": points.variant,
        "worker": points.worker,
        "model_event": model_event,
    }
    if points.label:
        common["x_axis_label"] = points.label
    rows = zip(points.iterations.tolist(), points.timestamps.tolist(), numbers(points.values), strict=True)
    return [
        common
        | ({} if iteration == NO_ITERATION else {"iter": iteration})
        | {"timestamp": timestamp, "@timestamp": iso_time(timestamp), "value": value}
        for iteration, timestamp, value in rows
    ]


def sample_event(sample: Sample, model_event: bool) -> dict[str, Any]:
    """A plot, image or vector as an event."""
    event: dict[str, Any] = {
        "type": sample.type,
        "task": sample.entity,
        "metric": sample.metric,
        "variant": sample.variant,
        "timestamp": sample.timestamp,
        "@timestamp": iso_time(sample.timestamp),
        "worker": sample.worker,
        "model_event": model_event,
    }
    if sample.iteration != NO_ITERATION:
        event["iter"] = sample.iteration
    if sample.type == "plot":
        event |= {"plot_str": sample.text, "plot_len": sample.size}
    elif sample.type == "training_debug_image":
        event |= {"url": sample.text, "key": sample.key}
    elif sample.vector is not None:
        event["value"] = numbers(sample.vector)
    return event


def log_event(record: LogRecord, task: str) -> dict[str, Any]:
    """A log record as an event."""
    return {
        "type": "log",
        "task": task,
        "timestamp": record.timestamp,
        "@timestamp": iso_time(record.timestamp),
        "level": record.level,
        "worker": record.worker,
        "msg": record.message,
        "metric": "",
        "variant": "",
        "model_event": False,
    }


def seal_cursor(place: int) -> str:
    """A place in a list as a scroll id. It holds all there is to know, so that it never expires."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode().rstrip("=")


def open_cursor(scroll_id: str | None) -> int | None:
    """The place of a scroll id; None for none, or for one that is not ours: then the list begins anew."""
    if not scroll_id:
        return None
    try:
        return msgspec.msgpack.decode(base64.urlsafe_b64decode(scroll_id + "=" * (-len(scroll_id) % 4)), type=int)
    except (ValueError, binascii.Error, msgspec.DecodeError):
        return None
