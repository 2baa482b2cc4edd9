"""Dotted paths into documents, such as ``hyperparams.Args.lr.value``, with the escapes that clients use in segments."""

import re

_ESCAPE = re.compile(r"%(%|2[Ee]|24|_)")
_MEANING = {"%": "%", "2e": ".", "24": "$", "_": "_"}


def split(path: str) -> tuple[str, ...]:
    """The segments of a dotted path, unescaped: ``%2E`` is a dot, ``%24`` a dollar, ``%_`` an underscore, ``%%`` a percent."""
    return tuple(unescape(segment) for segment in path.split("."))


def unescape(segment: str) -> str:
    """One segment without its escapes; a percent sign that begins no escape stays."""
    return _ESCAPE.sub(lambda found: _MEANING[found[1].lower()], segment)


def join(segments: tuple[str, ...]) -> str:
    """The dotted path of ``segments``; ``split`` gives them back."""
    return ".".join(segment.replace("%", "%%").replace(".", "%2E") for segment in segments)
