"""Choosing and naming metrics of a task's last values (``last_metrics``)."""

from __future__ import annotations

from typing import Any

Data = dict[str, Any]
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


def chosen_metric(last_metrics: Data) -> Data | None:
    """The metric that a small view shows: a loss, an accuracy or the like if there is one, else the first."""
    found = curves(last_metrics)
    return min(found, key=_rank, default=None)


def top_metrics(last_metrics: Data, count: int) -> list[Data]:
    """The ``count`` metrics that an overview shows, the likely most wanted first."""
    return sorted(curves(last_metrics), key=_rank)[:count]


def _rank(item: Data) -> tuple[int, str]:
    name = f"{item['metric']} {item['variant']}".lower()
    return next((index for index, word in enumerate(FIRST) if word in name), len(FIRST)), name
