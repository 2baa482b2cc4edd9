"""A bare server that answers what an SDK run asks from a dictionary in memory: the base of ratios, good for nothing else."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from typing import Any

import jwt
import msgspec
from aiohttp import web

NOW = "2026-01-01T00:00:00.000+00:00"
DICTS = ("output", "execution", "runtime", "container", "hyperparams", "configuration", "script", "last_metrics")


class Stub:
    """The documents by id, whatever they are."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.documents: dict[str, dict[str, Any]] = {}
        payload = {"exp": int(time.time()) + 86400, "api_version": "2.31", "server_version": "2.0.0", "feature_set": "basic"}
        self.token = jwt.encode(payload, secrets.token_hex(32), algorithm="HS256")

    def answer(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        """The ``data`` for an action."""
        service, _, verb = action.partition(".")
        if verb == "login":
            return {"token": self.token}
        if verb == "create":
            return {"id": self.create(service, body), "created": True}
        if verb == "get_by_id":
            kind = service.removesuffix("s")
            return {kind: self.documents.get(body.get(kind, ""), {})}
        if verb.startswith("get_all"):
            return {service: [], "tasks": [], "projects": [], "models": []}
        if verb == "add_batch":
            return {"added": 1, "errors": 0, "errors_info": {}}
        return self.change(service, verb, body)

    def create(self, service: str, body: dict[str, Any]) -> str:
        """Keep a new document."""
        identifier = secrets.token_hex(16)
        empty: dict[str, Any] = {name: {} for name in DICTS} if service == "tasks" else {}
        lists = {"tags": [], "system_tags": [], "models": {"input": [], "output": []}}
        times = {"created": NOW, "last_update": NOW, "last_change": NOW, "last_iteration": 0, "status": "created"}
        self.documents[identifier] = {**empty, **lists, **times, **body, "id": identifier}
        return identifier

    def change(self, service: str, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        """Put the fields of the body into the document it names."""
        document = self.documents.get(str(body.get(service.removesuffix("s"), "")), {})
        document.update({key: value for key, value in body.items() if key not in ("task", "model", "project", "method", "force")})
        statuses = {"started": "in_progress", "stopped": "stopped", "completed": "completed", "failed": "failed"}
        document["status"] = statuses.get(verb, document.get("status", "created"))
        if verb == "add_or_update_artifacts":
            document["execution"] = {"artifacts": body.get("artifacts", [])}
        return {"updated": 1, "fields": {}, "started": 1, "deleted": True}


def application(stub: Stub) -> web.Application:
    """The API and the file server in one."""

    async def handle(request: web.Request) -> web.Response:
        raw = await request.read()
        action = request.path.rsplit("/", 1)[-1]
        if "." not in action:
            return web.json_response([])
        lines = request.content_type == "application/json-lines" or request.content_type.startswith("multipart")
        data = stub.answer(action, {} if lines or not raw else json.loads(raw))
        endpoint = {"name": action, "requested_version": "2.31", "actual_version": "1.0"}
        meta = {
            "id": "0" * 32,
            "trx": "0" * 32,
            "endpoint": endpoint,
            "result_code": 200,
            "result_subcode": 0,
            "result_msg": "OK",
        }
        body = msgspec.json.encode({"meta": meta, "data": data})
        response = web.Response(body=body, content_type="application/json")
        response.force_close()
        return response

    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


async def main() -> None:
    """Serve on a free port, which is printed, until the process is ended."""
    runner = web.AppRunner(application(Stub()), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
