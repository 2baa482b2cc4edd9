"""Choosing and naming metrics of a task's last values (``last_metrics``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Data = dict[str, Any]
PIN = "\x1f"
FIRST = ("val", "accuracy", "loss", "f1", "auc", "score", "reward", "map")


def metric_list(last_metrics: Data) -> list[Data]:
    """Every metric and variant with its last, least and greatest value, monitors last, by name."""
    found = [
        item
        for variants in last_metrics.values()
        if isinstance(variants, dict)
        for item in variants.values()
        if isinstance(item, dict) and "metric" in item
    ]
    return sorted(
        found,
        key=lambda item: (str(item["metric"]).startswith(":monitor"), str(item["metric"]).lower(), str(item["variant"]).lower()),
    )


def curves(last_metrics: Data) -> list[Data]:
    """Metrics that are curves: neither single values nor the monitor of the machine."""
    return [
        item
        for item in metric_list(last_metrics)
        if not str(item["metric"]).startswith(":monitor") and item["metric"] != "Summary"
    ]


def chosen_metric(last_metrics: Data, pins: Sequence[str] = ()) -> Data | None:
    """The metric that a small view shows: a pinned one, else a loss, an accuracy or the like, else the first."""
    return next(iter(top_metrics(last_metrics, 1, pins)), None)


def top_metrics(last_metrics: Data, count: int, pins: Sequence[str] = ()) -> list[Data]:
    """The metrics that an overview shows: all that are pinned, then to ``count`` the likely most wanted.

    A pin is a metric and a variant with ``PIN`` between; without a variant it is the whole metric.
    """
    found = sorted(curves(last_metrics), key=_rank)
    pinned = [item for pin in pins for item in found if pin in (_name(item), f"{item['metric']}{PIN}")]
    chosen = {_name(item): item for item in pinned}
    for item in found:
        if len(chosen) >= count:
            break
        chosen.setdefault(_name(item), item)
    return list(chosen.values())


def _name(item: Data) -> str:
    return f"{item['metric']}{PIN}{item['variant']}"


def _rank(item: Data) -> tuple[int, str]:
    name = f"{item['metric']} {item['variant']}".lower()
    return next((index for index, word in enumerate(FIRST) if word in name), len(FIRST)), name
