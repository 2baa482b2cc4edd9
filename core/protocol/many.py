"""Answers of ``*_many`` endpoints: every object is done or fails for itself, and the call succeeds in any case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from trackyard.core.errors import ApiError

if TYPE_CHECKING:
    from sqlmodel import Session
    from trackyard.core.contracts.metadata import MetadataStore

Result = dict[str, Any]
UNIT_SIZE = 100
"""How many objects one unit of work changes."""


def many_in_unit(session: Session, ids: Iterable[str], work: Callable[[str], Result]) -> Result:
    """Do ``work`` for every id inside one unit of work; what a failing one wrote is undone.

    ``work`` gives the fields of a success beside its id, or raises `ApiError`. The answer is
    ``{succeeded: [{id, …}], failed: [{id, error: {codes, msg, data}}]}``.
    """
    answer: Result = {"succeeded": [], "failed": []}
    for one in dict.fromkeys(ids):
        try:
            with session.begin_nested():
                answer["succeeded"].append({"id": one, **work(one)})
        except ApiError as error:
            session.expire_all()
            answer["failed"].append(_failure(one, error))
    return answer


async def many_in_units(store: MetadataStore, ids: Iterable[str], work: Callable[[Session, str], Result]) -> Result:
    """As `many_in_unit`, in several units of work, so that other writers get their turn between them."""
    answer: Result = {"succeeded": [], "failed": []}
    for part in _parts(list(dict.fromkeys(ids))):
        done = await store.write(_unit(part, work))
        for name in answer:
            answer[name] += done[name]
    return answer


def _unit(ids: list[str], work: Callable[[Session, str], Result]) -> Callable[[Session], Result]:
    return lambda session: many_in_unit(session, ids, lambda one: work(session, one))


def _parts(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start : start + UNIT_SIZE] for start in range(0, len(ids), UNIT_SIZE))


async def many_calls(ids: Iterable[str], work: Callable[[str], Awaitable[Result]]) -> Result:
    """As `many_in_unit`, for work that is more than one unit of work, such as calls of other endpoints."""
    answer: Result = {"succeeded": [], "failed": []}
    for one in dict.fromkeys(ids):
        try:
            answer["succeeded"].append({"id": one, **await work(one)})
        except ApiError as error:
            answer["failed"].append(_failure(one, error))
    return answer


def _failure(one: str, error: ApiError) -> Result:
    return {"id": one, "error": {"codes": [error.code, error.subcode], "msg": error.message, "data": error.data}}
