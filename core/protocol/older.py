"""Answers in the form that older versions of the protocol know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import wraps
from typing import Any, TypeVar

from trackyard.core.protocol.endpoint import Call
from trackyard.core.protocol.version import Version

R = TypeVar("R")
Document = dict[str, Any]
Handler = Callable[[Call, R], Awaitable[Document]]

METADATA_IN_LISTS = Version(2, 16)
"""The last version in which the metadata of models and queues is a list of items; then it became a dict by key."""

PLACES = ("model", "models", "queue", "queues", "fields")
"""Where an answer holds documents with metadata."""


def metadata_by_version(handler: Handler[R]) -> Handler[R]:
    """The handler, answering calls up to version 2.16 with metadata in lists."""

    @wraps(handler)
    async def answer(call: Call, request: R) -> Document:
        found = await handler(call, request)
        if call.version <= METADATA_IN_LISTS:
            for document in _documents(found):
                document["metadata"] = list(document["metadata"].values())
        return found

    return answer


def _documents(answer: Document) -> Iterator[Document]:
    for name in PLACES:
        value = answer.get(name)
        for document in value if isinstance(value, list) else [value]:
            if isinstance(document, dict) and isinstance(document.get("metadata"), dict):
                yield document
