"""The decisions of the autoscaler: a table, and what always holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trackyard.plugins.autoscaler.decisions import Machine, State, decide
from trackyard.plugins.autoscaler.settings import AutoscalerSettings, Resource

GPU = Resource("gpu", "image", price=2.0, maximum=3)


def told(state: State, resource: Resource = GPU, **settings: Any) -> list[tuple[str, str]]:
    """What is decided for one resource."""
    decisions = decide(state, AutoscalerSettings(resources=[resource], **settings))
    return [(decision.action, decision.reason) for decision in decisions]


def machine(label: str = "m", **fields: Any) -> Machine:
    """An instance of the resource."""
    return Machine(label, GPU.name, **{"price": 2.0, **fields})


def resource(**fields: Any) -> Resource:
    """The resource with other fields."""
    return Resource(**{"queue": "gpu", "kind": "image", "price": 2.0, "maximum": 3, **fields})


START = ("start", "tasks wait")


@pytest.mark.parametrize(
    ("state", "one", "settings", "expected"),
    [
        (State({}, []), GPU, {}, []),
        (State({"gpu": 2}, []), GPU, {}, [START, START]),
        (State({"gpu": 1}, [machine(worker=False)]), GPU, {}, []),
        (State({"gpu": 1}, [machine(busy=True)]), GPU, {}, [START]),
        (State({"gpu": 9}, []), GPU, {}, [*[START] * 3, ("hold", "tasks wait, but the maximum of 3 is reached")]),
        (State({"gpu": 2}, []), GPU, {"maximum": 1}, [START, ("hold", "tasks wait, but the maximum of 1 of all is reached")]),
        (State({"gpu": 2}, []), GPU, {"per_hour": 3.0}, [START, ("hold", "tasks wait, but 4.00 per hour would be above 3.00")]),
        (
            State({"gpu": 1}, [], 9.0),
            GPU,
            {"per_day": 10.0},
            [("hold", "tasks wait, but an hour more would break the day's 10.00")],
        ),
        (
            State({"gpu": 1}, [], 0, 9.0),
            GPU,
            {"per_month": 10.0},
            [("hold", "tasks wait, but an hour more would break the month's 10.00")],
        ),
        (
            State({}, [machine(idle=1.0)], 10.0),
            GPU,
            {"per_day": 10.0},
            [("stop", "idle, and 10.00 of 10.00 for the day is spent")],
        ),
        (State({}, [machine(busy=True)], 10.0), GPU, {"per_day": 10.0}, []),
        (State({}, []), resource(minimum=1), {}, [("start", "fewer than the minimum")]),
        (State({}, [machine(idle=600.0)]), GPU, {}, [("stop", "idle for 600 s")]),
        (State({}, [machine(idle=599.0)]), GPU, {}, []),
        (State({}, [machine(idle=600.0)]), resource(minimum=1), {}, []),
        (State({}, [machine(worker=False, silent=900.0)]), GPU, {}, [("stop", "no worker for 900 s")]),
        (State({"gpu": 1}, [machine(alive=False, worker=False)]), GPU, {}, [("stop", "the provider no longer has it"), START]),
        (
            State({"gpu": 2}, []),
            resource(cool_down_seconds=60),
            {},
            [START, ("hold", "tasks wait, but one was started just now")],
        ),
        (
            State({"gpu": 1}, [], since_start={GPU.name: 5.0}),
            resource(cool_down_seconds=60),
            {},
            [("hold", "tasks wait, but one was started 5 s ago")],
        ),
    ],
)
def test_decisions(state: State, one: Resource, settings: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert told(state, one, **settings) == expected


MACHINES = st.lists(
    st.builds(
        Machine,
        label=st.uuids().map(str),
        resource=st.sampled_from(["gpu/a", "gpu/b", "cpu/c", "old/d"]),
        price=st.sampled_from([0.0, 1.0, 2.5]),
        alive=st.booleans(),
        worker=st.booleans(),
        busy=st.booleans(),
        idle=st.sampled_from([0.0, 100.0, 5000.0]),
        silent=st.sampled_from([0.0, 100.0, 5000.0]),
    ),
    max_size=6,
    unique_by=lambda one: one.label,
)
MONEY = st.sampled_from([0.0, 1.0, 3.0, 10.0])


@given(MACHINES, st.tuples(*[st.integers(0, 6)] * 4), st.tuples(*[MONEY] * 5), st.booleans())
def test_never_over_a_limit_and_never_stops_a_busy_one(
    machines: list[Machine], counts: tuple[int, ...], money: tuple[float, ...], spot: bool
) -> None:
    maximum, total, gpu, cpu = counts
    per_hour, per_day, per_month, day, month = money
    resources = [
        Resource("gpu", "a", price=1.0, spot_price=0.5, maximum=maximum, spot=spot),
        Resource("gpu", "b", price=2.5, maximum=2),
        Resource("cpu", "c", price=0.0, minimum=min(1, maximum), maximum=maximum),
    ]
    settings = AutoscalerSettings(resources=resources, maximum=total, per_hour=per_hour, per_day=per_day, per_month=per_month)
    decisions = decide(State({"gpu": gpu, "cpu": cpu}, machines, day, month), settings)
    stopped = {one.label for one in decisions if one.action == "stop"}
    assert not [one for one in machines if one.busy and one.alive and one.label in stopped]
    starts = [one.resource for one in decisions if one.action == "start"]
    left = [one for one in machines if one.label not in stopped]
    prices = {one.name: one.top_price for one in resources}
    rate = sum(one.price for one in left) + sum(prices[name] for name in starts)
    for one in resources:
        if one.name in starts:
            assert starts.count(one.name) + sum(that.resource == one.name for that in left) <= one.maximum
    if starts:
        assert not total or len(left) + len(starts) <= total
        assert not per_hour or rate <= per_hour
        assert not per_day or day + rate <= per_day
        assert not per_month or month + rate <= per_month
