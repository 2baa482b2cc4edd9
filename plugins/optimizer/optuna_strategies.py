"""Strategies of Optuna (extra ``optimizer``): TPE and CMA-ES. Imported when one is used."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from trackyard.core.search import Dimension, Never, Search, StrategyOffer, Value


class Optuna(Never):
    """A study in memory. The seed makes it repeatable."""

    def __init__(self, search: Search, sampler: str) -> None:
        try:
            self._optuna = importlib.import_module("optuna")
        except ImportError:
            raise ValueError("strategy: it needs Optuna: pip install 'trackyard[optimizer]'") from None
        if sampler == "cmaes" and (len(search.minimize) != 1 or any(one.when or one.kind == "choice" for one in search.space)):
            raise ValueError("strategy: cmaes needs one objective and numbers without conditions")
        self._search = search
        self._optuna.logging.set_verbosity(self._optuna.logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # experimental options
            self._study = self._optuna.create_study(
                sampler=self._sampler(sampler), directions=["minimize" if less else "maximize" for less in search.minimize]
            )
        self._asked: dict[int, Any] = {}

    def _sampler(self, name: str) -> Any:
        if name == "cmaes":
            try:
                importlib.import_module("cmaes")
            except ImportError:
                raise ValueError("strategy: it needs the package cmaes: pip install 'trackyard[optimizer]'") from None
            return self._optuna.samplers.CmaEsSampler(seed=self._search.seed, warn_independent_sampling=False)
        return self._optuna.samplers.TPESampler(
            seed=self._search.seed, multivariate=True, group=True, constant_liar=True, warn_independent_sampling=False
        )

    def ask(self, number: int) -> Mapping[str, Value] | None:
        """See `Strategy.ask`."""
        trial = self._study.ask()
        self._asked[number] = trial
        chosen: dict[str, Value] = {}
        for dimension in self._search.space:
            if dimension.exists(chosen):
                chosen[dimension.name] = _suggest(trial, dimension)
        return chosen

    def tell(self, number: int, objectives: Sequence[float] | None) -> None:
        """See `Strategy.tell`."""
        trial = self._asked.pop(number)
        if objectives is None:
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(trial, list(objectives))


def _suggest(trial: Any, dimension: Dimension) -> Value:
    if dimension.kind == "choice":
        chosen: Value = trial.suggest_categorical(dimension.name, dimension.values)
        return chosen
    if dimension.kind == "int":
        step = int(dimension.step or 1)
        return int(trial.suggest_int(dimension.name, int(dimension.low), int(dimension.high), step=step, log=dimension.log))
    return float(trial.suggest_float(dimension.name, dimension.low, dimension.high, step=dimension.step, log=dimension.log))


STRATEGIES = [
    StrategyOffer("tpe", "Learns from trials where good values lie (Optuna TPE)", lambda it: Optuna(it, "tpe")),
    StrategyOffer("cmaes", "Evolution of numbers (Optuna CMA-ES)", lambda it: Optuna(it, "cmaes")),
]
