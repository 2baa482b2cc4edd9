"""The table ``[autoscaler]``."""

from __future__ import annotations

from typing import Annotated

import msgspec

SCRIPT = 'exec clearml-agent daemon --foreground --queue "$TRACKYARD_QUEUE"'
EXAMPLE = '[{"queue": "gpu", "kind": "my/agent:1", "price": 1.2, "maximum": 4}]'
Count = Annotated[int, msgspec.Meta(ge=0)]
Amount = Annotated[float, msgspec.Meta(ge=0)]


def meta(text: str) -> msgspec.Meta:
    """The description of a setting."""
    return msgspec.Meta(description=text)


class Resource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Instances of one kind for one queue. Prices are per hour.

    An instance that was idle for ``idle_minutes`` is stopped. Two starts are ``cool_down_seconds`` apart. An instance without a
    worker for ``boot_minutes`` is dead. With ``spot`` a spot instance is asked for, with ``fallback`` another if there is none.
    """

    queue: str
    kind: str
    price: Amount = 0.0
    spot_price: Amount = 0.0
    minimum: Count = 0
    maximum: Count = 1
    idle_minutes: Amount = 10.0
    cool_down_seconds: Amount = 0.0
    boot_minutes: Annotated[float, msgspec.Meta(gt=0)] = 15.0
    spot: bool = False
    fallback: bool = True
    script: str = SCRIPT

    @property
    def name(self) -> str:
        """Its name in logs and in the store."""
        return f"{self.queue}/{self.kind}"

    @property
    def top_price(self) -> float:
        """The most that a new instance may cost per hour."""
        if not self.spot:
            return self.price
        return max(self.price, self.spot_price) if self.fallback else self.spot_price


class AutoscalerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[autoscaler]``: the defaults of the service that starts and stops instances.

    The instances' agents call ``api_host`` with ``access_key`` and ``secret_key``, which only this file sets. A limit of 0 is
    no limit. Days and months are those of UTC.
    """

    provider: Annotated[str, meta("Who gives instances: docker, or a plugin's")] = "docker"
    resources: Annotated[list[Resource], meta(f"Instances for queues, such as {EXAMPLE}")] = []
    maximum: Annotated[Count, meta("Budget: instances at once")] = 10
    per_hour: Annotated[Amount, meta("Budget: money per hour (0: no limit)")] = 0.0
    per_day: Annotated[Amount, meta("Budget: money per day (0: no limit)")] = 0.0
    per_month: Annotated[Amount, meta("Budget: money per month (0: no limit)")] = 0.0
    dry_run: Annotated[bool, meta("Only tell in the log what would be done")] = True
    poll_seconds: Annotated[float, msgspec.Meta(gt=0, description="Seconds between two looks at the queues")] = 15.0
    api_host: str = ""
    access_key: str = ""
    secret_key: str = ""

    def check(self) -> None:
        """Raises `ValueError` for settings that contradict each other."""
        if not self.resources:
            raise ValueError(f"resources: at least one is needed, such as {EXAMPLE}")
        names = [resource.name for resource in self.resources]
        for resource in self.resources:
            if resource.minimum > resource.maximum:
                raise ValueError(f"resources: {resource.name}: minimum must not be above maximum")
            if not resource.queue or not resource.kind or names.count(resource.name) > 1:
                raise ValueError(f"resources: {resource.name}: queue and kind are needed, each pair once")
