"""Alerts are noticed once, kept until they are taken, and go nowhere but to the administrator's targets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from trackyard.core.testing.services import ServiceKit, running_service


class Receiver:
    """A local webhook that answers what the test says, and a local mail server that takes everything."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.mails: list[str] = []
        self.status = 200
        self.url = ""
        self.smtp_port = 0

    async def hook(self, request: web.Request) -> web.Response:
        """Take a body, or refuse it."""
        if self.status == 200:
            self.got.append(await request.json())
        return web.Response(status=self.status, headers={"Location": f"{self.url}/elsewhere"})

    async def elsewhere(self, request: web.Request) -> web.Response:
        """Where a redirect would lead."""
        self.got.append({"text": "redirected"})
        return web.Response()

    async def mail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One SMTP session."""
        writer.write(b"220 here\r\n")
        data: list[str] | None = None
        while line := (await reader.readline()).decode():
            if data is not None:
                if line == ".\r\n":
                    self.mails.append("".join(data))
                    data = None
                    writer.write(b"250 taken\r\n")
                else:
                    data.append(line)
            elif line.upper().startswith("DATA"):
                data = []
                writer.write(b"354 go on\r\n")
            elif line.upper().startswith("QUIT"):
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 fine\r\n")
            await writer.drain()
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """It listens on loopback."""
    made = Receiver()
    app = web.Application()
    app.router.add_post("/hook", made.hook)
    app.router.add_route("*", "/elsewhere", made.elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    server = await asyncio.start_server(made.mail, "127.0.0.1", 0)
    made.smtp_port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    await server.wait_closed()
    await runner.cleanup()


def config(receiver: Receiver, path: Path) -> str:
    """Three targets."""
    return f"""
[alerts]
smtp_host = "127.0.0.1"
smtp_port = {receiver.smtp_port}
smtp_security = "none"
web = "https://yard.example.com"
disk_paths = ["{path}"]
[alerts.targets]
chat = {{ kind = "slack", url = "{receiver.url}/hook" }}
hook = {{ url = "{receiver.url}/hook" }}
mail = {{ kind = "email", to = ["who@example.com"] }}
"""


async def fail(kit: ServiceKit, name: str, **fields: Any) -> str:
    """A task that fails."""
    task = str((await kit.api.call("tasks.create", {"name": name, "type": "training", **fields}))["id"])
    await kit.api.call("tasks.started", task=task)
    await kit.api.call("tasks.failed", task=task, status_message="out of luck")
    return task


async def test_a_failed_task_is_told_to_all_targets_once(tmp_path: Path, receiver: Receiver) -> None:
    settings = {"disk_free_percent": 0, "worker_silent_minutes": 0}
    async with running_service(tmp_path, None, "alerts", settings, config(receiver, tmp_path)) as kit:
        await kit.step()
        task = await fail(kit, "bad\nluck")
        await kit.advance(20)
        await kit.advance(120)
        slack, plain = sorted(receiver.got, key=lambda body: "at" in body)
        assert list(slack) == ["text"]
        assert "out of luck" in slack["text"]
        assert (plain["task"], plain["status"], plain["link"]) == (task, "failed", f"https://yard.example.com/tasks/{task}")
        assert len(receiver.mails) == 1
        assert "Subject: Task bad luck failed" in receiver.mails[0]
        assert "To: who@example.com" in receiver.mails[0]


async def test_what_is_not_taken_is_sent_later_also_after_a_crash(tmp_path: Path, receiver: Receiver) -> None:
    settings = {"disk_free_percent": 0, "send_to": ["hook"]}
    async with running_service(tmp_path, None, "alerts", settings, config(receiver, tmp_path)) as kit:
        await kit.step()
        receiver.status = 302
        await fail(kit, "unlucky")
        await kit.advance(20)
        assert receiver.got == []
        assert "the webhook answered 302; attempt 1 of 10" in await kit.log()
        receiver.status = 200
        await kit.kill()
        await kit.open()
        await kit.advance(60)
        assert [body["name"] for body in receiver.got] == ["unlucky"]
        assert kit.instance.context.store.keys("out ") == []


async def test_metrics_workers_and_disks_are_watched(tmp_path: Path, receiver: Receiver) -> None:
    rule = {"metric": "loss", "variant": "train", "above": 2}
    settings = {"disk_free_percent": 100, "send_to": ["hook"], "metrics": [rule], "repeat_minutes": 10}
    async with running_service(tmp_path, None, "alerts", settings, config(receiver, tmp_path)) as kit:
        task = (await kit.api.call("tasks.create", name="diverging", type="training"))["id"]
        await kit.api.call("tasks.started", task=task)
        await kit.api.call("workers.register", worker="machine", timeout=600)

        async def report(value: float) -> None:
            event = {
                "type": "training_stats_scalar",
                "task": task,
                "metric": "loss",
                "variant": "train",
                "value": value,
                "iter": 1,
            }
            await kit.api.batch("events.add_batch", [event])

        await report(1.0)
        await kit.advance(120)
        assert [body["path"] for body in receiver.got] == [str(tmp_path)]
        await report(3.0)
        await kit.advance(7 * 60)
        subjects = sorted(body["subject"] for body in receiver.got if "path" not in body)
        assert subjects == ["Worker machine is silent", "loss/train of task diverging is 3"]
        await kit.advance(5 * 60)
        assert len([body for body in receiver.got if "path" in body]) == 2


async def test_a_task_can_not_say_where_alerts_go(tmp_path: Path, receiver: Receiver) -> None:
    async with running_service(tmp_path, None, "alerts", {}, config(receiver, tmp_path)) as kit:
        shown = (await kit.document())["hyperparams"]["Settings"]
        assert not {"targets", "smtp_host", "smtp_password", "web"} & set(shown)
        for settings, told in (
            ({"targets": {"x": {"url": "http://169.254.169.254"}}}, "settings.targets"),
            ({"smtp_host": "10.0.0.1"}, "settings.smtp_host"),
            ({"send_to": ["http://127.0.0.1"]}, "send_to"),
        ):
            answer = await kit.api.ask("services.start", {"name": "alerts", "settings": settings})
            assert answer.codes == (400, 12)
            assert told in answer.meta["result_msg"]
