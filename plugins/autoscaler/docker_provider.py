"""Instances that are containers of a Docker engine; ``DOCKER_HOST`` tells which."""

from __future__ import annotations

import asyncio

import docker
from docker.errors import APIError, ImageNotFound, NotFound
from trackyard.core.instances import InstanceProviderOffer, InstanceRequest, NoCapacity

FLEET = "trackyard.fleet"
GRACE_SECONDS = 30
CONFLICT = 409


class DockerInstances:
    """Each instance is a container named by its label; its kind is an image that has an agent and is on the engine."""

    async def labels(self, fleet: str) -> set[str]:
        """See `InstanceProvider.labels`."""
        return await asyncio.to_thread(_labels, fleet)

    async def start(self, request: InstanceRequest) -> None:
        """See `InstanceProvider.start`. There is no spot."""
        if request.spot:
            raise NoCapacity("Docker has no spot instances")
        await asyncio.to_thread(_start, request)

    async def stop(self, label: str) -> None:
        """See `InstanceProvider.stop`."""
        await asyncio.to_thread(_stop, label)


def _labels(fleet: str) -> set[str]:
    engine = docker.from_env(timeout=60)
    try:
        found = engine.containers.list(all=True, filters={"label": f"{FLEET}={fleet}"}, ignore_removed=True)
        return {str(one.name) for one in found if one.status in ("created", "running", "restarting")}
    finally:
        engine.close()


def _start(request: InstanceRequest) -> None:
    engine = docker.from_env(timeout=60)
    try:
        try:
            engine.containers.create(
                request.kind,
                ["-c", request.script],
                entrypoint="/bin/sh",
                name=request.label,
                labels={FLEET: request.fleet},
                environment=dict(request.environment),
                init=True,
            )
        except ImageNotFound:
            raise NoCapacity(f"the engine has no image {request.kind}") from None
        except APIError as error:
            if error.status_code != CONFLICT:
                raise
        # one that was created before a crash is started, too
        engine.containers.get(request.label).start()
    finally:
        engine.close()


def _stop(label: str) -> None:
    engine = docker.from_env(timeout=60)
    try:
        container = engine.containers.get(label)
        container.stop(timeout=GRACE_SECONDS)
        container.remove(v=True, force=True)
    except NotFound:
        return
    finally:
        engine.close()


OFFER = InstanceProviderOffer("docker", "Agents as containers of a Docker engine", DockerInstances)
