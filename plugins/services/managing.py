"""What administrators and the UI call: which services there are and how they stand; start, stop, configure."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from sqlalchemy import select
from sqlmodel import Session
from trackyard.core import clock, lifecycle, store
from trackyard.core.entities import TASK, Lease, Task, User, table_of
from trackyard.core.errors import forbidden, validation
from trackyard.core.identity import Identity
from trackyard.core.protocol.endpoint import Call
from trackyard.core.services import ServiceOffer, SettingProblem, fields_of, write_settings
from trackyard.core.services.instance import make_service
from trackyard.core.services.settings import MARK, SECTION
from trackyard.core.store.services import SERVICES, read_value, read_values, write_values
from trackyard.plugins.services import requests as r
from trackyard.plugins.services.hosting import STATUS, find_offer, lease_of, named_service, parameters

PROJECT = "Services"
"""The project of services that are started by name."""
SCRIPT = {
    "binary": "python3",
    "entry_point": "service.py",
    "diff": "from trackyard.core.cli import main\n\nraise SystemExit(main(['services', 'host']))\n",
}
"""What an agent runs that knows no services: Trackyard must be installed where it runs."""


async def get_all(call: Call, request: Any) -> dict[str, Any]:
    """Every installed service with its settings, and every task that runs one with how it stands."""
    tasks = await call.metadata.read(lambda session: _tasks(session, call.identity.company))
    known = [described(offer, call.identity) for offer in call.kernel.plugins.provided("services")]
    for item in known:
        item["tasks"] = [task for task in tasks if task["service"] == item["name"]]
    return {"services": known}


def described(offer: ServiceOffer, identity: Identity) -> dict[str, Any]:
    """What is told of an installed service."""
    kind = offer.service
    return {
        "name": kind.name,
        "title": kind.title or kind.name,
        "summary": kind.summary,
        "settings": [msgspec.to_builtins(field) for field in fields_of(offer)],
        "may_start": kind.permission.allows(identity),
    }


def _tasks(session: Session, company: str) -> list[dict[str, Any]]:
    records, shown = read_values(session, SERVICES), read_values(session, STATUS)
    task, lease, user = table_of(Task), table_of(Lease), table_of(User)
    held = select(lease.c.name).where(lease.c.holder != "", lease.c.expires > clock.now(), lease.c.name.startswith("service:"))
    hosted = set(session.execute(held).scalars())
    query = (
        select(task.c.id, task.c.name, task.c.status, task.c.last_worker, user.c.name.label("user"))
        .join(user, user.c.id == task.c.user, isouter=True)
        .where(task.c.company == company, task.c.id.in_(list(records)))
        .order_by(task.c.num)
    )
    found = []
    for row in session.execute(query).mappings():
        is_hosted = row["status"] == "in_progress" and lease_of(row["id"]) in hosted
        status = shown.get(row["id"], {})
        found.append(
            {
                "task": row["id"],
                "name": row["name"],
                "service": records[row["id"]]["name"],
                "status": row["status"],
                "user": row["user"] or "",
                "worker": row["last_worker"] or "",
                "hosted": is_hosted,
                "state": status.get("state", "") if is_hosted else "",
                "last_run": status.get("last_run", ""),
                "next_run": status.get("next_run", "") if is_hosted else "",
                "runs": status.get("runs", 0),
                "failures": status.get("failures", 0),
                "error": status.get("error", ""),
                "settings": parameters(store.require(session, TASK, row["id"], fields=("hyperparams",))),
            }
        )
    return found


async def start(call: Call, request: r.StartRequest) -> dict[str, Any]:
    """Start a service: a new task of it, or a task once more, goes to the queue of services."""
    task = request.task or await _create(call, request)
    await call.kernel.call(
        "tasks.enqueue", {"task": task, "queue_name": request.queue, "force": bool(request.task)}, call.identity
    )
    return {"task": task}


async def _create(call: Call, request: r.StartRequest) -> str:
    offer = find_offer(call.kernel, request.name)
    require_permission(offer, call.identity)
    settings = await asyncio.to_thread(checked_settings, offer, request.settings)
    body = {
        "name": request.title or offer.service.title or offer.name,
        "type": offer.service.task_type,
        "hyperparams": {MARK: _section(MARK, {"name": offer.name}), SECTION: _section(SECTION, settings)},
        "script": SCRIPT,
    }
    project = await call.metadata.write(lambda session: store.ensure_project(session, call.identity, PROJECT))
    made = await call.kernel.call("tasks.create", {**body, "project": project}, call.identity)
    return str(made["id"])


def _section(section: str, values: dict[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"section": section, "name": name, "value": value} for name, value in values.items()}


async def stop(call: Call, request: r.ServiceTaskRequest) -> dict[str, Any]:
    """Stop a service; it ends what it does within seconds, and its task becomes stopped."""
    offer = await _offer_of(call, request.task)
    require_permission(offer, call.identity)
    return dict(await call.kernel.call("tasks.stop", {"task": request.task}, call.identity))


async def configure(call: Call, request: r.ConfigureRequest) -> dict[str, Any]:
    """Change settings of a service's task; a running service takes them up within seconds."""
    offer = await _offer_of(call, request.task)
    require_permission(offer, call.identity)

    def work(unit: lifecycle.Unit) -> dict[str, str]:
        task = lifecycle.owned_task(unit, request.task, ("hyperparams",))
        settings = checked_settings(offer, {**parameters(task), **request.settings})
        hyperparams = {**task["hyperparams"], SECTION: _section(SECTION, settings)}
        store.update(unit.session, TASK, request.task, {"hyperparams": hyperparams}, by=unit.identity.user)
        # a service runs with the settings that were allowed, whatever else is written into its task
        if record := read_value(unit.session, SERVICES, request.task):
            write_values(unit.session, SERVICES, {request.task: {**record, "settings": settings}})
        return settings

    return {"settings": await lifecycle.write(call.kernel, call.identity, work)}


async def _offer_of(call: Call, task: str) -> ServiceOffer:
    def work(session: Session) -> str:
        found = store.require_own(session, TASK, task, company=call.identity.company, fields=("hyperparams",))
        record = read_value(session, SERVICES, task)
        return record["name"] if record else named_service(found)

    return find_offer(call.kernel, await call.metadata.read(work))


def require_permission(offer: ServiceOffer, identity: Identity) -> None:
    """Raises `ApiError` 403 for who may not start or change the service."""
    if not offer.service.permission.allows(identity):
        raise forbidden(
            20, f"The service {offer.name} is for {', '.join(sorted(offer.service.permission.roles))}", name=offer.name
        )


def checked_settings(offer: ServiceOffer, given: dict[str, Any]) -> dict[str, str]:
    """The settings as parameters, tried on the service; raises `ApiError` 400/12 that names the field. May read files."""
    try:
        service, _ = make_service(offer, given)
    except SettingProblem as error:
        raise validation(f"settings.{error.field}", error.problem) from None
    except ValueError as error:
        raise validation("settings", str(error)) from None
    return write_settings(offer, service.settings)
