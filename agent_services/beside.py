"""The services agent beside the server: a process of its own, started and ended with it, with credentials for its time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from typing import Any

from sqlmodel import Session, col, select
from trackyard.core.cli.serve import urls
from trackyard.core.entities import User
from trackyard.core.identity import ADMIN_ROLES, Identity
from trackyard.core.kernel import Kernel

LABEL = "services agent beside the server"
LISTEN_SECONDS = 0.1
RESTART_SECONDS = 5.0
log = logging.getLogger(__name__)


async def run_beside(kernel: Kernel) -> None:
    """Keep an agent running until cancelled; one that ends by itself is started again after a pause."""
    while "api" not in kernel.ports:  # noqa: ASYNC110 - plugins start before the sites listen
        await asyncio.sleep(LISTEN_SECONDS)
    identity = await kernel.metadata.read(_administrator)
    if identity is None:
        log.error("no services agent is started: there is no administrator")
        return
    await _revoke(kernel, identity)
    # every task gets these credentials: they must not let whoever may enqueue one administer the server
    made = (await kernel.call("auth.create_credentials", {"label": LABEL, "role": "user"}, identity))["credentials"]
    try:
        while True:
            await _run_once(kernel, made)
            log.warning("the services agent ended; it is started again in %.0f s", RESTART_SECONDS)
            await asyncio.sleep(RESTART_SECONDS)
    finally:
        await asyncio.shield(_revoke(kernel, identity))


def _administrator(session: Session) -> Identity | None:
    user = session.exec(
        select(User).where(col(User.role).in_(ADMIN_ROLES), col(User.disabled).is_(False)).order_by(col(User.num))
    ).first()
    return None if user is None else Identity(user.id, user.name, user.role, user.company)


async def _revoke(kernel: Kernel, identity: Identity) -> None:
    """Revoke the credentials of this and of crashed servers."""
    for known in (await kernel.call("auth.get_credentials", {}, identity))["credentials"]:
        if known.get("label") == LABEL:
            await kernel.call("auth.revoke_credentials", {"access_key": known["access_key"]}, identity)


def _environment(kernel: Kernel, made: dict[str, Any]) -> dict[str, str]:
    seen = urls(kernel)
    return {
        **os.environ,
        "CLEARML_API_HOST": seen["api"],
        "CLEARML_WEB_HOST": seen["web"],
        "CLEARML_FILES_HOST": seen["files"],
        "CLEARML_API_ACCESS_KEY": made["access_key"],
        "CLEARML_API_SECRET_KEY": made["secret_key"],
    }


async def _run_once(kernel: Kernel, made: dict[str, Any]) -> None:
    """Run an agent to its end; it is ended when this is cancelled. What it runs in containers goes on."""
    command = [sys.executable, "-m", "trackyard.core.cli", "agent", "--data-dir", str(kernel.data_dir)]
    if kernel.settings.path is not None:
        command += ["--config", str(kernel.settings.path)]
    environment = _environment(kernel, made)
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdin=asyncio.subprocess.DEVNULL)
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 8)
            if process.returncode is None:
                process.kill()
                await process.wait()
