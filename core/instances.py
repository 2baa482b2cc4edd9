"""The instances of the autoscaler: what it asks a provider for, and what a provider is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol


class NoCapacity(Exception):
    """A provider has no such instance now, or never as spot."""


@dataclass(frozen=True)
class InstanceRequest:
    """One instance. ``label`` is unique and is the id of its worker; ``fleet`` is of all instances of one autoscaler.

    ``kind`` is what the provider understands (for Docker an image). ``script`` is run by a shell with ``environment``.
    """

    label: str
    fleet: str
    kind: str
    spot: bool
    script: str
    environment: Mapping[str, str]


class InstanceProvider(Protocol):
    """Starts and stops instances. It may raise any exception when it can't be reached: the autoscaler tries again."""

    async def labels(self, fleet: str) -> set[str]:
        """The labels of the instances of a fleet that start or run; not of those that have ended."""
        ...

    async def start(self, request: InstanceRequest) -> None:
        """Start an instance; nothing happens when one with this label is there. Raises `NoCapacity`."""
        ...

    async def stop(self, label: str) -> None:
        """End and remove an instance; nothing happens when there is none."""
        ...


@dataclass(frozen=True)
class InstanceProviderOffer:
    """A provider as a plugin registers it."""

    name: str
    summary: str
    make: Callable[[], InstanceProvider]
