"""The provider for Docker with an engine in the test's process."""

from __future__ import annotations

from typing import Any

import docker
import pytest
from docker.errors import APIError, ImageNotFound, NotFound
from requests import Response
from trackyard.core.instances import InstanceRequest, NoCapacity
from trackyard.plugins.autoscaler.docker_provider import DockerInstances

REQUEST = InstanceRequest("one", "fleet", "image", False, "run", {"A": "b"})


class Container:
    """A container of the engine."""

    def __init__(self, engine: Engine, name: str, **fields: Any) -> None:
        """It is created."""
        self.engine, self.name, self.fields, self.status = engine, name, fields, "created"

    def start(self) -> None:
        """Run."""
        self.status = "running"

    def stop(self, timeout: int) -> None:
        """End."""
        self.status = "exited"

    def remove(self, **_: Any) -> None:
        """Go."""
        del self.engine.found[self.name]


class Engine:
    """What the provider uses of a client, and its containers."""

    def __init__(self) -> None:
        """It is empty."""
        self.found: dict[str, Container] = {}
        self.containers = self

    def create(self, image: str, command: list[str], name: str, **fields: Any) -> None:
        """Create one; a name is given once."""
        if image != "image":
            raise ImageNotFound("none")
        if name in self.found:
            response = Response()
            response.status_code = 409
            raise APIError("conflict", response=response)
        self.found[name] = Container(self, name, command=command, **fields)

    def get(self, name: str) -> Container:
        """Find one."""
        if name not in self.found:
            raise NotFound("none")
        return self.found[name]

    def list(self, filters: dict[str, str], **_: Any) -> list[Container]:
        """Those with a label."""
        key, value = filters["label"].split("=")
        return [one for one in self.found.values() if one.fields["labels"].get(key) == value]

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An empty engine that the SDK connects to."""
    made = Engine()
    monkeypatch.setattr(docker, "from_env", lambda timeout: made)
    return made


async def test_a_container_is_started_once_listed_and_removed(engine: Engine) -> None:
    provider = DockerInstances()
    await provider.start(REQUEST)
    await provider.start(REQUEST)
    assert await provider.labels("fleet") == {"one"}
    assert await provider.labels("other") == set()
    assert engine.found["one"].fields["environment"] == {"A": "b"}
    assert engine.found["one"].fields["command"] == ["-c", "run"]
    await provider.stop("one")
    await provider.stop("one")
    assert engine.found == {}


async def test_one_that_was_created_before_a_crash_is_started(engine: Engine) -> None:
    engine.create("image", [], "one", labels={})
    await DockerInstances().start(REQUEST)
    assert engine.found["one"].status == "running"


async def test_one_that_ended_is_not_listed(engine: Engine) -> None:
    await DockerInstances().start(REQUEST)
    engine.found["one"].stop(1)
    assert await DockerInstances().labels("fleet") == set()


@pytest.mark.parametrize(("kind", "spot", "told"), [("image", True, "no spot"), ("other", False, "no image other")])
async def test_what_it_has_not_is_told(engine: Engine, kind: str, spot: bool, told: str) -> None:
    with pytest.raises(NoCapacity, match=told):
        await DockerInstances().start(InstanceRequest("one", "fleet", kind, spot, "run", {}))
    assert engine.found == {}
