"""What hosts of services call: take one, claim its lease, report, save its state, release it."""

from __future__ import annotations

import fnmatch
import logging
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session, col
from sqlmodel import select as select_entities
from trackyard.core import clock, lifecycle, store
from trackyard.core.authentication import shown_key
from trackyard.core.entities import TASK, Lease, Queue, QueueEntry, Task, User, table_of
from trackyard.core.errors import ApiError, forbidden
from trackyard.core.extension import Policy
from trackyard.core.identity import ADMIN_ROLES, Identity, narrower
from trackyard.core.kernel import Kernel
from trackyard.core.lifecycle import StatusText, Unit
from trackyard.core.lifecycle.stopping import STOPPING
from trackyard.core.protocol.endpoint import Call
from trackyard.core.services import Service, ServiceOffer
from trackyard.core.services.instance import LOST
from trackyard.core.services.settings import MARK, SECTION
from trackyard.core.store.leases import take_lease
from trackyard.core.store.services import SERVICES, is_service, read_value, read_values, write_values
from trackyard.plugins.services import requests as r

STATUS, KEYS = "service-status", "service-keys"
"""The scopes of how each service stands, and of what the access keys of services may call."""
ALWAYS = ("events.add", "events.add_batch", "auth.login")
log = logging.getLogger(__name__)


def state_of(task: str) -> str:
    """The scope of a service's own state."""
    return f"service:{task}"


def lease_of(task: str) -> str:
    """The name of a service's lease."""
    return f"service:{task}"


def lost(task: str) -> ApiError:
    """Another host has the service, or it is no longer to run."""
    return ApiError(400, LOST, "The service is another host's or no longer to run", task=task)


async def take(call: Call, request: r.TakeRequest) -> dict[str, Any]:
    """Give a host the next service to run: one whose host is gone, or the first in the queues. ``task`` may be absent."""
    if await call.metadata.read(lambda session: _next(session, request, call.identity.company)) is None:
        return {}
    task = await lifecycle.write(call.kernel, call.identity, lambda unit: _take(unit, request))
    return {} if task is None else {"task": task}


def _next(session: Session, request: r.TakeRequest, company: str) -> tuple[str, bool] | None:
    """The task, and whether it waits in a queue."""
    task, lease, entry, queue = table_of(Task), table_of(Lease), table_of(QueueEntry), table_of(Queue)
    own = [task.c.company == company, is_service(task.c.id), task.c.id.not_in(request.running)]
    if request.task:
        own.append(task.c.id == request.task)
    held = select(lease.c.name).where(lease.c.name == "service:" + task.c.id, lease.c.holder != "", lease.c.expires > clock.now())
    orphans = select(task.c.id).where(*own, task.c.status == "in_progress", ~held.exists()).order_by(task.c.num)
    if (found := session.execute(orphans.limit(1)).scalar()) is not None:
        return str(found), False
    waiting = (
        select(task.c.id)
        .join(entry, entry.c.task == task.c.id)
        .join(queue, queue.c.id == entry.c.queue)
        .where(*own, queue.c.name.in_(request.queues))
        .order_by(entry.c.position, entry.c.num)
    )
    found = session.execute(waiting.limit(1)).scalar()
    return None if found is None else (str(found), True)


def _take(unit: Unit, request: r.TakeRequest) -> str | None:
    found = _next(unit.session, request, unit.identity.company)
    if found is None:
        return None
    task_id, waits = found
    worker = f"{request.worker}:{task_id}"
    if waits:
        task = lifecycle.owned_task(unit, task_id)
        unit.session.execute(delete(table_of(QueueEntry)).where(table_of(QueueEntry).c.task == task_id))
        more = {"last_worker": worker, "last_worker_report": unit.now, "started": task.get("started") or unit.now}
        lifecycle.change_status(unit, task, "in_progress", StatusText("taken", f"Taken by {worker}"), force=True, more=more)
    else:
        store.update(unit.session, TASK, task_id, {"last_worker": worker, "last_worker_report": unit.now})
    return task_id


async def claim(call: Call, request: r.ClaimRequest) -> dict[str, Any]:
    """Take the lease of a service: its settings as they were allowed, its state, an access key that ends with the lease."""

    def work(session: Session) -> dict[str, Any]:
        task = store.require_own(session, TASK, request.task, company=call.identity.company, fields=("status",))
        record = read_value(session, SERVICES, request.task)
        fence = take_lease(session, lease_of(request.task), request.holder, request.seconds)
        if task["status"] != "in_progress" or record is None or fence is None:
            raise lost(request.task)
        lifecycle.mark_alive(session, request.task, clock.now(), call.identity.company)
        found = {"service": record["name"], "settings": record["settings"], "state": read_values(session, state_of(request.task))}
        return found | {"fence": fence, "starter": record.get("starter")}

    claimed = await call.metadata.write(work)
    service = find_offer(call.kernel, claimed["service"]).service
    key = await _new_key(call, request.task, service, claimed.pop("starter"))
    return {**claimed, **key}


async def _new_key(call: Call, task: str, service: type[Service], starter: str | None) -> dict[str, Any]:
    """An access key for the time of a lease. It may never do more than who claims it, than who started it, or its service."""
    owner = await call.metadata.read(lambda session: _owner(session, call.identity, starter))
    await revoke_key(call.kernel, task)
    role = narrower(narrower(service.role, call.identity.role), owner.role)
    label = f"service {service.name} ({task})"
    made = (await call.kernel.call("auth.create_credentials", {"label": label, "role": role}, owner))["credentials"]
    known = {"task": task, "user": owner.user, "calls": list(service.calls)}
    await call.metadata.write(lambda session: write_values(session, KEYS, {made["access_key"]: known}))
    return {"access_key": made["access_key"], "secret_key": made["secret_key"]}


def _owner(session: Session, identity: Identity, starter: str | None) -> Identity:
    """Whose access key it is: the starter's if an administrator's host claims it, else that of the host's own user."""
    wanted = starter if identity.is_admin else identity.user
    user = session.exec(select_entities(User).where(User.id == wanted, col(User.protected).is_(False))).first()
    if user is None and identity.is_admin:
        may = (col(User.role).in_(ADMIN_ROLES), col(User.disabled).is_(False), col(User.protected).is_(False))
        user = session.exec(select_entities(User).where(*may).order_by(col(User.num))).first()
    if user is None or user.disabled:
        raise forbidden(20, "The user whose service this is may not log in", user=wanted or "")
    return Identity(user.id, user.name, user.role, user.company)


async def revoke_key(kernel: Kernel, task: str) -> None:
    """The access keys that the service has had are no longer good."""
    known = await kernel.metadata.read(lambda session: read_values(session, KEYS))
    for access_key, value in known.items():
        if value["task"] == task:
            owner = Identity(value["user"], value["user"])
            await kernel.call("auth.revoke_credentials", {"access_key": access_key}, owner)
            await kernel.metadata.write(lambda session, key=access_key: write_values(session, KEYS, {key: None}))  # type: ignore[misc]


async def report(call: Call, request: r.ReportRequest) -> dict[str, Any]:
    """Keep the lease and tell how the service stands; whether it is to stop, and its settings as they are now."""

    def work(session: Session) -> dict[str, Any]:
        _require_lease(session, request, request.seconds)
        fields = ("status", "status_message")
        task = store.require_own(session, TASK, request.task, company=call.identity.company, fields=fields)
        record = read_value(session, SERVICES, request.task)
        if task["status"] != "in_progress" or record is None:
            raise lost(request.task)
        lifecycle.mark_alive(session, request.task, clock.now(), call.identity.company)
        write_values(session, STATUS, {request.task: request.status})
        return {"stop": STOPPING in (task.get("status_message") or ""), "settings": record["settings"]}

    return await call.metadata.write(work)


def _require_lease(session: Session, request: r.HeldRequest, seconds: float) -> None:
    if take_lease(session, lease_of(request.task), request.holder, seconds) != request.fence:
        raise lost(request.task)


async def save(call: Call, request: r.SaveRequest) -> dict[str, Any]:
    """Write values of a service's state; refused when another host has it."""

    def work(session: Session) -> None:
        store.require_own(session, TASK, request.task, company=call.identity.company, fields=())
        _require_lease(session, request, 30.0)
        write_values(session, state_of(request.task), request.values)

    await call.metadata.write(work)
    return {"saved": len(request.values)}


async def release(call: Call, request: r.HeldRequest) -> dict[str, Any]:
    """Give the lease up and end the service's access key; its state stays."""

    def work(session: Session) -> None:
        _require_lease(session, request, 30.0)
        table = table_of(Lease)
        session.execute(table.update().where(table.c.name == lease_of(request.task)).values(holder="", expires=clock.now()))

    await call.metadata.write(work)
    await revoke_key(call.kernel, request.task)
    return {"released": 1}


def parameters(task: dict[str, Any]) -> dict[str, str]:
    """The settings of a service as its task's parameters tell them."""
    return {name: str(item.get("value") or "") for name, item in (task["hyperparams"].get(SECTION) or {}).items()}


def named_service(task: dict[str, Any]) -> str:
    """Which service the parameters of a task name; an empty text for a task that runs none."""
    return str((task["hyperparams"].get(MARK) or {}).get("name", {}).get("value") or "")


def find_offer(kernel: Kernel, name: str) -> ServiceOffer:
    """The installed service of that name; raises `ApiError` 400."""
    offers: list[ServiceOffer] = kernel.plugins.provided("services")
    found = next((offer for offer in offers if offer.name == name), None)
    if found is None:
        raise ApiError(400, 16, "No such service", name=name, installed=", ".join(sorted(offer.name for offer in offers)))
    return found


class Scope(Policy):
    """Lets the access key of a service call only what the service declares."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, ...] | None] = {}

    async def check(self, call: Call, endpoint: str) -> None:
        """See `Policy.check`."""
        key = shown_key(call.identity)
        if key is None:
            return
        if key not in self._known:
            found = await call.metadata.read(lambda session: read_value(session, KEYS, key))
            self._known[key] = None if found is None else (*found["calls"], *ALWAYS)
        allowed = self._known[key]
        if allowed is not None and not any(fnmatch.fnmatchcase(endpoint, pattern) for pattern in allowed):
            raise forbidden(20, "This service may not call it", endpoint=endpoint, allowed=", ".join(allowed))
