"""How a run is shown: the configuration object ``Pipeline`` with the fields that the SDK's controller writes, and its plots."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from trackyard.plugins.pipeline_controller.definition import Step

GOOD = ("completed", "cached")
BAD = ("failed", "aborted")
OPEN = ("pending", "planned", "running")
"""States of steps that are not over."""
WORDS = {"planned": "queued"}
"""States that the SDK calls otherwise."""
Figure = dict[str, Any]


class State(msgspec.Struct):
    """A step as it is kept in the store.

    ``state``: ``pending``, ``planned`` (the intent to launch it), ``running``, ``completed``, ``cached``, ``failed``,
    ``aborted`` or ``skipped``. ``attempt`` counts all its tasks, ``failures`` those that count against its retries.
    """

    name: str
    base: str
    state: str = "pending"
    attempt: int = 1
    failures: int = 0
    task: str = ""
    mark: str = ""
    parameters: dict[str, str] = {}
    queue: str = ""
    kind: str = ""
    began: float | None = None
    ended: float | None = None
    timed_out: bool = False
    reason: str = ""


def configuration(steps: Sequence[Step], states: Mapping[str, State]) -> dict[str, Any]:
    """The configuration item ``Pipeline``."""
    text = json.dumps({step.name: _node(step, states[step.name]) for step in steps}, indent=2)
    told = f"pipeline state: {hashlib.sha256(text.encode()).hexdigest()}"
    return {"name": "Pipeline", "type": "dictionary", "description": told, "value": text}


def _node(step: Step, state: State) -> dict[str, Any]:
    """The fields of a node are those of the SDK, no more: it makes an object of them."""
    empty_dicts: dict[str, Any] = {field: {} for field in ("configurations", "task_overrides")}
    lists: dict[str, Any] = {name: [] for name in ("return_artifacts", "monitor_metrics", "monitor_artifacts", "monitor_models")}
    return {
        "base_task_id": state.base,
        "queue": state.queue or step.queue or None,
        "parents": step.before(),
        "timeout": step.timeout or None,
        "parameters": step.parameters,
        **empty_dicts,
        **lists,
        "executed": state.task if state.state in GOOD else None,
        "status": WORDS.get(state.state, state.state),
        "clone_task": True,
        "job_type": state.kind or None,
        "job_started": state.began,
        "job_ended": state.ended,
        "skip_job": state.state == "skipped",
        "cache_executed_step": step.cache,
        "continue_on_fail": step.continue_on_fail,
        "job_id": state.task or None,
    }


def flow(steps: Sequence[Step], states: Mapping[str, State]) -> Figure:
    """The steps and what leads from one to the other."""
    number = {step.name: place for place, step in enumerate(steps)}
    links = [(number[parent], number[step.name]) for step in steps for parent in step.before()]
    label = [f"{step.name}: {states[step.name].state}" for step in steps]
    link = {"source": [one for one, _ in links], "target": [two for _, two in links], "value": [1] * len(links)}
    return {"data": [{"type": "sankey", "node": {"label": label}, "link": link}], "layout": {}}


def table(steps: Sequence[Step], states: Mapping[str, State]) -> Figure:
    """One row for each step."""
    rows = [states[step.name] for step in steps]
    columns = {
        "Pipeline Step": [row.name for row in rows],
        "Task ID": [row.task for row in rows],
        "Status": [row.state for row in rows],
        "Attempt": [row.attempt for row in rows],
        "Parameters": [json.dumps(row.parameters) for row in rows],
        "Reason": [row.reason for row in rows],
    }
    cells = {"values": list(columns.values()), "align": "left"}
    return {"data": [{"type": "table", "header": {"values": list(columns)}, "cells": cells}], "layout": {}}
