"""From the lines of a request to events: one quick decoder for what clients send, one patient for everything else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
from trackyard.core.contracts.events import NO_ITERATION
from trackyard.core.errors import ApiError
from trackyard.core.protocol.requests import Whole

__all__ = ["Decoded", "Event", "Image", "Log", "Plot", "Sampled", "Scalar", "Vector", "decode_lines", "decode_object"]

NAN = float("nan")


class _Common(msgspec.Struct, gc=False, tag_field="type"):
    """What every event has. A field that is missing has the value that stands for it in the columns."""

    task: str = ""
    timestamp: Whole = 0
    model_event: bool = False
    allow_locked: bool = False
    worker: str | None = None


class _Measured(_Common):
    """An event of an iteration of a metric's variant."""

    metric: str = ""
    variant: str = ""
    iter: Whole = NO_ITERATION


class Scalar(_Measured, tag="training_stats_scalar"):
    """A point of a curve."""

    value: float = NAN
    x_axis_label: str | None = None


class _Keyed(_Measured):
    """One of several samples of an iteration, told apart by their keys."""

    key: str | None = None


class Plot(_Keyed, tag="plot"):
    """A plot, as JSON text."""

    plot_str: str | None = None


class Image(_Keyed, tag="training_debug_image"):
    """A debug sample: where its file is."""

    url: str | None = None


class Vector(_Keyed, tag="training_stats_vector"):
    """Many numbers of one iteration."""

    values: list[float] | None = None


class Log(_Common, tag="log"):
    """A message of any number of lines."""

    level: str | None = None
    msg: str | None = None


Sampled: TypeAlias = Plot | Image | Vector
Event: TypeAlias = Scalar | Log | Plot | Image | Vector


@dataclass(slots=True)
class Decoded:
    """The events of a request, and how often which problem kept one out."""

    events: list[Event]
    errors: Counter[str] = field(default_factory=Counter)


_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def decode_lines(raw: bytes) -> Decoded:
    """The events of a body of JSON lines.

    :raises ApiError: 400/17 without any line, 400/0 when a line is not JSON (then nothing is taken).
    """
    if not raw.strip():
        raise ApiError(400, 17, "Batch contains no items")
    try:
        return Decoded(_decoder.decode_lines(raw))
    except (msgspec.DecodeError, UnicodeDecodeError):
        decoded = Decoded([])
        for line in raw.split(b"\n"):
            if line.strip():
                _decode_line(line, decoded)
        return decoded


def decode_object(body: dict[str, Any]) -> Decoded:
    """The one event of a JSON body."""
    decoded = Decoded([])
    _take(body, decoded)
    return decoded


def _decode_line(line: bytes, decoded: Decoded) -> None:
    try:
        decoded.events.append(_decoder.decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError):
        _take(_parse(line), decoded)


def _parse(line: bytes) -> Any:
    """A line of JSON with bare NaN and Infinity and half characters tolerated."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, 0, f"Malformed JSON in a batch line: {error}") from None


def _take(body: Any, decoded: Decoded) -> None:
    if not isinstance(body, dict):
        decoded.errors["Event is not an object"] += 1
        return
    try:
        decoded.events.append(_event(body))
    except (TypeError, ValueError, OverflowError) as error:
        decoded.errors[str(error)] += 1


def _event(body: dict[str, Any]) -> Event:
    """An event from any object: explicit nulls count as absent, numbers of the wrong kind are converted where that loses
    little, a wrong type is named."""
    name = body.get("type")
    kind = _TYPES.get(_text("type", "" if name is None else name))
    if kind is None:
        raise ValueError(f"Invalid event type: {str(name or '')[:100]}")
    given = {name: body[name] for name in kind.__struct_fields__ if body.get(name) is not None}
    return kind(**{name: _CONVERTERS[name](name, value) for name, value in given.items()})


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"Invalid {name}: a text is expected")
    return value.encode("utf-8", "replace").decode()


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"Invalid {name}: a whole number is expected")
    try:
        number = int(value)
    except (OverflowError, ValueError):
        raise ValueError(f"Invalid {name}: out of range") from None
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"Invalid {name}: out of range")
    return number


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"Invalid {name}: a number is expected")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"Invalid {name}: out of range") from None


def _numbers(name: str, value: Any) -> list[float]:
    if not isinstance(value, list):
        raise TypeError(f"Invalid {name}: a list of numbers is expected")
    return [_number(name, item) for item in value]


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"Invalid {name}: true or false is expected")
    return value


_TYPES: dict[str, type[Event]] = {str(kind.__struct_config__.tag): kind for kind in (Scalar, Log, Plot, Image, Vector)}
_CONVERTERS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys((name for kind in _TYPES.values() for name in kind.__struct_fields__), _text),
    **dict.fromkeys(("iter", "timestamp"), _whole),
    **dict.fromkeys(("model_event", "allow_locked"), _flag),
    "value": _number,
    "values": _numbers,
}
