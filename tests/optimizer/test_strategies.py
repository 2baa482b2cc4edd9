"""Strategies by themselves: what they find, what they stop, what they refuse, and that they repeat themselves."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from trackyard.core.search import Dimension, Search, Strategy, StrategyOffer, Value
from trackyard.plugins.optimizer import optuna_strategies, strategies

OFFERS: dict[str, StrategyOffer] = {offer.name: offer for offer in [*strategies.STRATEGIES, *optuna_strategies.STRATEGIES]}
LR = Dimension("Args/lr", low=1e-6, high=1.0, log=True)
MOMENTUM = Dimension("Args/momentum", low=0.0, high=1.0)
GOAL = 0.05


def loss(values: Mapping[str, Any]) -> float:
    """A bowl with its bottom, 0, at lr = 0.001 and momentum = 0.7."""
    return ((math.log10(values["Args/lr"]) + 3) / 3) ** 2 + (values["Args/momentum"] - 0.7) ** 2 * 4


def make(name: str, space: Sequence[Dimension] = (LR, MOMENTUM), seed: int = 0, **more: Any) -> Strategy:
    """A strategy that minimizes one objective."""
    return OFFERS[name].make(Search(list(space), [True], trials=100, seed=seed, **more))


def trials_until_good(name: str, seed: int) -> int:
    """How many trials it takes to come near the bottom; 100 if it never does."""
    strategy = make(name, seed=seed)
    for number in range(1, 100):
        values = strategy.ask(number)
        assert values is not None
        value = loss(values)
        if value < GOAL / 5:
            return number
        strategy.tell(number, [value])
    return 100


@pytest.mark.parametrize("name", ["tpe", "cmaes"])
def test_it_needs_fewer_trials_than_random_by_the_median_of_ten_seeds(name: str) -> None:
    needed = {one: statistics.median(trials_until_good(one, seed) for seed in range(10)) for one in (name, "random")}
    assert needed[name] < needed["random"], needed


@pytest.mark.parametrize("name", sorted(OFFERS))
def test_the_same_calls_give_the_same_answers(name: str) -> None:
    """Several trials at once, told in another order than they were asked for, one failed."""

    def history() -> list[Mapping[str, Value] | None]:
        strategy = make(name, seed=3)
        asked = {number: strategy.ask(number) for number in range(1, 25)}
        for number in sorted(asked, key=lambda number: (number % 3, number)):
            values = asked[number]
            assert values is not None
            strategy.tell(number, None if number == 7 else [loss(values)])
        return [*asked.values(), strategy.ask(25), strategy.ask(26)]

    assert history() == history()


def test_a_grid_has_every_combination_of_what_exists() -> None:
    space = [
        Dimension("Args/optimizer", "choice", values=["sgd", "adam"]),
        Dimension("Args/momentum", low=0.0, high=1.0, step=0.5, when={"Args/optimizer": ["sgd"]}),
        Dimension("Args/lr", low=1e-4, high=1e-2, log=True),
    ]
    strategy = make("grid", space, points=3)
    found = []
    while (values := strategy.ask(len(found) + 1)) is not None:
        found.append(dict(values))
    assert len(found) == (3 + 1) * 3
    assert {values.get("Args/momentum") for values in found if values["Args/optimizer"] == "sgd"} == {0.0, 0.5, 1.0}
    assert all("Args/momentum" not in values for values in found if values["Args/optimizer"] == "adam")
    assert sorted({round(float(values["Args/lr"]), 9) for values in found}) == [1e-4, 1e-3, 1e-2]


@pytest.mark.parametrize("name", ["random", "tpe", "asha"])
def test_conditions_scales_and_kinds_are_kept(name: str) -> None:
    space = [
        Dimension("Args/deep", "choice", values=[True, False]),
        Dimension("Args/layers", "int", low=2, high=64, log=True, when={"Args/deep": [True]}),
        Dimension("Args/drop", low=0.0, high=0.5, step=0.1),
        LR,
    ]
    strategy = make(name, space)
    small = 0
    for number in range(1, 31):
        values = strategy.ask(number)
        assert values is not None
        assert ("Args/layers" in values) == (values["Args/deep"] is True)
        if "Args/layers" in values:
            assert isinstance(values["Args/layers"], int)
            assert 2 <= values["Args/layers"] <= 64
        assert min(abs(float(values["Args/drop"]) - step / 10) for step in range(6)) < 1e-9
        small += float(values["Args/lr"]) < 1e-3
        strategy.tell(number, [float(values["Args/lr"])])
    assert small >= 8


def test_halving_lets_the_best_third_go_on() -> None:
    strategy = make("asha", first_rung=1, last_rung=9, reduction=3)
    assert [strategy.rung(1, iteration) for iteration in (0, 1, 2, 3, 8, 100)] == [None, 1, 1, 3, 3, 3]
    assert strategy.stops(1, 1, 5.0) is False
    assert [strategy.stops(number, 1, float(number)) for number in (6, 7, 8, 9)] == [True] * 4
    assert strategy.stops(2, 1, 1.0) is False
    assert strategy.stops(3, 1, math.nan) is True


def test_brackets_begin_to_stop_later() -> None:
    strategy = make("hyperband", first_rung=1, last_rung=27, reduction=3)
    assert [strategy.rung(number, 2) for number in (1, 2, 3, 4)] == [1, None, None, 1]
    assert strategy.rung(2, 3) == 3


def refuse(work: Callable[[], object], told: str) -> None:
    """It is refused with these words."""
    with pytest.raises(ValueError, match=told):
        work()


def test_what_can_not_be_done_is_refused() -> None:
    refuse(lambda: make("cmaes", [Dimension("Args/x", "choice", values=[1])]), "cmaes needs")
    refuse(lambda: OFFERS["asha"].make(Search([LR], [True, False], 10)), "one objective")
    refuse(lambda: make("asha", first_rung=9, last_rung=3), "first_rung")
    refuse(Dimension("lr").check, "section/name")
    refuse(Dimension("Args/x", low=0, high=1, log=True).check, "above 0")
    refuse(Dimension("Args/x", low=2, high=1).check, "low must not be above")
