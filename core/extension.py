"""The objects that plugins register beside endpoints, routes, panels and backends, as typed Protocols."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session
    from trackyard.core.contracts.events import AppendResult, EventBatch
    from trackyard.core.identity import Identity
    from trackyard.core.kernel import Kernel
    from trackyard.core.protocol.endpoint import Call


@dataclass(frozen=True)
class Client:
    """Where a request comes from: the network address, and what the client calls itself (``X-ClearML-Worker``, unproved)."""

    address: str
    worker: str | None = None


class Authenticator(Protocol):
    """Finds out who calls from one scheme of the ``Authorization`` header (``basic``, ``bearer``; a cookie is a bearer)."""

    scheme: str

    async def authenticate(self, credential: str, client: Client) -> Identity:
        """The caller; raises `ApiError` 401 if the credential is wrong or expired, 429 after too many wrong ones."""
        ...


@dataclass(frozen=True)
class LoginMethod:
    """A way to log in on the login page: a title, and the page's path that starts it (``""`` for the built-in form)."""

    name: str
    title: str
    path: str = ""


class Policy(Protocol):
    """Is asked before every call of an endpoint; if a policy can't be asked, calls are refused."""

    async def check(self, call: Call, endpoint: str) -> None:
        """Return, or raise `ApiError` to refuse."""
        ...


@dataclass(frozen=True)
class StatusChange:
    """A task went from one status to another."""

    task: str
    old: str
    new: str
    reason: str
    message: str
    identity: Identity


class TaskListener(Protocol):
    """Hears of the life cycle of tasks."""

    def before_enqueue(self, session: Session, task: str, queue: str, identity: Identity) -> list[str]:
        """Called in the unit of work that enqueues; raise `ApiError` to refuse, or return warnings for the caller."""
        ...

    async def after_status(self, change: StatusChange) -> None:
        """Called after the change is durable; a failure is logged and changes nothing."""
        ...


@dataclass(frozen=True)
class Puller:
    """Who asks for a task: the agent as it calls itself (unproved), its network address, and whose credentials it has."""

    worker: str | None
    address: str
    identity: Identity


class Scheduler(Protocol):
    """Decides which of the tasks that wait in a queue an agent gets; several are asked one after the other."""

    active: bool
    """Without an active one the task that has waited longest is given out, and nothing is asked."""

    def eligible(self, session: Session, queue: str, tasks: list[str], puller: Puller) -> list[str]:
        """Of ``tasks``, in the queue's order, those that the agent may get now, best first.

        Called in the unit of work that gives the task out, while no other server gives out tasks of this company.
        """
        ...


class EventObserver(Protocol):
    """Hears of every batch of events that was stored, after it is durable and before the call is answered."""

    async def after_append(self, batch: EventBatch, result: AppendResult) -> None:
        """Called for each stored batch; a failure is logged and changes nothing."""
        ...


@dataclass(frozen=True)
class LostFile:
    """A file that lost its owner. Its URL lies in a folder of the task, which was deleted, or reset at the time ``since``."""

    url: str
    task: str
    company: str
    since: datetime | None = None

    def is_of_next_run(self, mtime: float) -> bool:
        """Whether a file that was stored at ``mtime`` (seconds) belongs to the run after the reset.

        A time in whole seconds may be up to a second too early.
        """
        return self.since is not None and mtime + (1.0 if mtime.is_integer() else 0.0) > self.since.timestamp()


@dataclass(frozen=True)
class Removal:
    """How the removal of a file went: ``done``, ``elsewhere`` (not ours to delete) or ``failed`` (to be tried again)."""

    status: str
    error: str | None = None
    size: int | None = None


class FileRemover(Protocol):
    """Removes files that lie outside the server's own file store, by the scheme of their URLs (``s3``)."""

    schemes: tuple[str, ...]

    async def remove(self, file: LostFile) -> Removal:
        """Remove the file; whatever is raised is a failure, and the removal is tried again later."""
        ...


@dataclass(frozen=True)
class Job:
    """Recurring work: ``run(kernel)`` every ``seconds``; ``alone``: on one server of all that share a database."""

    name: str
    seconds: float
    run: Callable[[Kernel], Awaitable[None]]
    alone: bool = True


@dataclass(frozen=True)
class Health:
    """The state of one part: whether it is well, and one line that says so."""

    ok: bool
    detail: str


@dataclass(frozen=True)
class HealthCheck:
    """A named check; one that raises is not well. ``critical`` ones make ``/readyz`` answer 503."""

    name: str
    check: Callable[[Kernel], Awaitable[Health]]
    critical: bool = True
