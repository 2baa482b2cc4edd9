"""The search of the optimizer: its space, its trials, and what a strategy is."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

Value = float | int | str | bool


class Dimension(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One hyperparameter: ``name`` is ``section/name``.

    ``float`` and ``int`` lie between ``low`` and ``high`` (both included), on a logarithmic scale with ``log``, in steps of
    ``step`` if it is given; ``choice`` is one of ``values``. With ``when`` it exists only if other hyperparameters have one
    of these values: ``{"Args/optimizer": ["sgd"]}``.
    """

    name: str
    kind: Literal["float", "int", "choice"] = "float"
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    step: float | None = None
    values: list[Value] = []
    when: dict[str, list[Value]] = {}

    def check(self) -> None:
        """Raises `ValueError` for what is no dimension."""
        if "/" not in self.name:
            raise ValueError(f"space: found the name {self.name!r}; expected section/name, such as Args/lr")
        if self.kind == "choice" and not self.values:
            raise ValueError(f"space: {self.name}: a choice needs values")
        if self.kind != "choice" and not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise ValueError(f"space: {self.name}: low must not be above high")
        if self.log and self.kind != "choice" and self.low <= 0:
            raise ValueError(f"space: {self.name}: on a logarithmic scale low must be above 0")
        if self.step is not None and (self.step <= 0 or self.log):
            raise ValueError(f"space: {self.name}: a step must be above 0, and there is none on a logarithmic scale")

    def exists(self, chosen: Mapping[str, Value]) -> bool:
        """Whether it exists for what was chosen of the dimensions before it."""
        return all(chosen.get(name) in values for name, values in self.when.items())

    def grid(self, points: int) -> list[Value]:
        """Its values for a grid: all of a choice or of steps, else ``points`` ones from low to high."""
        if self.kind == "choice":
            return list(self.values)
        if self.step is not None:
            count = int((self.high - self.low) / self.step + 1e-9) + 1
            return [self._number(self.low + index * self.step) for index in range(count)]
        if self.low == self.high or points == 1:
            return [self._number(self.low)]
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        spread = [low + (high - low) * index / (points - 1) for index in range(points)]
        return list(dict.fromkeys(self._number(math.exp(place) if self.log else place) for place in spread))

    def sample(self, source: random.Random) -> Value:
        """A random value."""
        if self.kind == "choice":
            return source.choice(self.values)
        if self.step is not None:
            return source.choice(self.grid(1))
        if self.log:
            return self._number(math.exp(source.uniform(math.log(self.low), math.log(self.high))))
        if self.kind == "int":
            return source.randint(math.ceil(self.low), math.floor(self.high))
        return source.uniform(self.low, self.high)

    def _number(self, value: float) -> Value:
        inside = min(max(value, self.low), self.high)
        return round(inside) if self.kind == "int" else inside


@dataclass(frozen=True)
class Search:
    """What is searched: the space in its order, a goal for each objective, and how strategies are tuned.

    ``minimize`` tells for each objective whether less is better. ``points`` is for grids; ``first_rung``, ``last_rung``
    (iterations) and ``reduction`` are for early stopping; ``trials`` is how many there may be in all.
    """

    space: Sequence[Dimension]
    minimize: Sequence[bool]
    trials: int
    seed: int = 0
    points: int = 5
    first_rung: int = 1
    last_rung: int = 81
    reduction: int = 3


class Strategy(Protocol):
    """Suggests trials and learns from them. The same calls in the same order must give the same answers: after a restart
    the optimizer repeats them. Trials are numbered from 1; several run at once."""

    def ask(self, number: int) -> Mapping[str, Value] | None:
        """The values of the next trial; None when there is nothing more to try."""
        ...

    def tell(self, number: int, objectives: Sequence[float] | None) -> None:
        """How a trial ended: its objectives (also of one that was stopped early), or None for one that failed."""
        ...

    def rung(self, number: int, iteration: int) -> int | None:
        """At which rung of early stopping a running trial is at an iteration; None: at none."""
        ...

    def stops(self, number: int, rung: int, objective: float) -> bool:
        """Whether a trial that reached a rung with this objective is to end. Called once for each trial and rung."""
        ...


class Never:
    """Early stopping that never stops anything; a base for strategies."""

    def rung(self, number: int, iteration: int) -> int | None:
        """See `Strategy.rung`."""
        return None

    def stops(self, number: int, rung: int, objective: float) -> bool:
        """See `Strategy.stops`."""
        return False


@dataclass(frozen=True)
class StrategyOffer:
    """A strategy as a plugin registers it. ``make`` raises `ValueError` for a search that it can't do."""

    name: str
    summary: str
    make: Callable[[Search], Strategy]
