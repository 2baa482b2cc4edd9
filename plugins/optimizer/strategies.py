"""The strategies that need no other package: grid, random, ASHA and Hyperband."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence

from trackyard.core.search import Never, Search, StrategyOffer, Value


def sample(search: Search, number: int) -> dict[str, Value]:
    """Random values for a trial: they depend on the seed and the number alone."""
    source = random.Random(f"{search.seed} {number}")  # noqa: S311 - no secret
    chosen: dict[str, Value] = {}
    for dimension in search.space:
        if dimension.exists(chosen):
            chosen[dimension.name] = dimension.sample(source)
    return chosen


class Random(Never):
    """Draws each trial by itself."""

    def __init__(self, search: Search) -> None:
        self._search = search

    def ask(self, number: int) -> Mapping[str, Value] | None:
        """See `Strategy.ask`."""
        return sample(self._search, number)

    def tell(self, number: int, objectives: Sequence[float] | None) -> None:
        """Nothing is learnt."""


class Grid(Never):
    """Tries every combination, the last dimension first; a dimension that does not exist makes no combinations."""

    def __init__(self, search: Search) -> None:
        self._search = search

    def ask(self, number: int) -> Mapping[str, Value] | None:
        """See `Strategy.ask`."""
        return next(itertools.islice(self._all(0, {}), number - 1, None), None)

    def tell(self, number: int, objectives: Sequence[float] | None) -> None:
        """Nothing is learnt."""

    def _all(self, place: int, chosen: dict[str, Value]) -> Iterator[dict[str, Value]]:
        if place == len(self._search.space):
            yield dict(chosen)
            return
        dimension = self._search.space[place]
        if not dimension.exists(chosen):
            yield from self._all(place + 1, chosen)
            return
        for value in dimension.grid(self._search.points):
            yield from self._all(place + 1, {**chosen, dimension.name: value})


class Halving(Random):
    """Draws at random; at each rung only the best of those that came so far go on (asynchronous successive halving).

    With several brackets trials take turns: each further bracket begins to stop later, for what begins slowly.
    """

    def __init__(self, search: Search, brackets: int) -> None:
        super().__init__(search)
        if len(search.minimize) != 1:
            raise ValueError("strategy: early stopping needs one objective")
        if not 1 <= search.first_rung < search.last_rung or search.reduction < 2:
            raise ValueError("first_rung: expected 1 or more, less than last_rung, and a reduction of 2 or more")
        count = int(math.log(search.last_rung / search.first_rung, search.reduction) + 1e-9)
        self._rungs = [search.first_rung * search.reduction**place for place in range(count + 1)]
        self._rungs = [rung for rung in self._rungs if rung < search.last_rung]
        self._brackets = min(brackets, len(self._rungs))
        self._seen: dict[tuple[int, int], list[float]] = {}

    def rung(self, number: int, iteration: int) -> int | None:
        """See `Strategy.rung`."""
        reached = [rung for rung in self._rungs[self._bracket(number) :] if rung <= iteration]
        return reached[-1] if reached else None

    def stops(self, number: int, rung: int, objective: float) -> bool:
        """See `Strategy.stops`."""
        value = objective if self._search.minimize[0] else -objective
        seen = self._seen.setdefault((self._bracket(number), rung), [])
        seen.append(value if math.isfinite(value) else math.inf)
        if not math.isfinite(value):
            return True
        kept = max(1, len(seen) // self._search.reduction)
        return value > sorted(seen)[kept - 1]

    def _bracket(self, number: int) -> int:
        return (number - 1) % self._brackets


STRATEGIES = [
    StrategyOffer("grid", "Every combination of the values", Grid),
    StrategyOffer("random", "Independent random trials", Random),
    StrategyOffer("asha", "Random trials; bad ones are stopped early (successive halving)", lambda it: Halving(it, 1)),
    StrategyOffer("hyperband", "As asha, in several brackets that stop later", lambda it: Halving(it, 4)),
]
