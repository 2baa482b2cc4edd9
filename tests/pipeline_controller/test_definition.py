"""Definitions, references and conditions."""

from __future__ import annotations

import pytest
from trackyard.plugins.pipeline_controller.definition import from_nodes, read_definition
from trackyard.plugins.pipeline_controller.references import Missing, content_key, fill, holds

GOOD = """
name: nightly
parameters: {epochs: 3}
steps:
  - {name: train, task: t, parameters: {Args/data: "${prepare.artifacts.data.url}", Args/n: "${pipeline.epochs}"}}
  - {name: prepare, task: t}
"""


def test_references_are_parents() -> None:
    definition = read_definition(GOOD)
    assert [step.name for step in definition.ordered()] == ["prepare", "train"]
    assert definition.steps[0].before() == ["prepare"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: [", "definition: no YAML"),
        ("name: n", "missing required field `steps`"),
        ("{name: n, steps: []}", "$.steps"),
        ("{name: n, steps: [{name: a, task: t, retry: 1}]}", "unknown field `retry`"),
        ("{name: n, steps: [{name: a, task: t, retries: -1}]}", "$.steps[0].retries"),
        ("{name: n, steps: [{name: a.b, task: t}]}", "$.steps[0].name"),
        ("{name: a/b, steps: [{name: a, task: t}]}", "$.name"),
        ("{name: n, steps: [{name: a, task: t}, {name: a, task: t}]}", "steps.a: the name is taken"),
        ("{name: n, steps: [{name: pipeline, task: t}]}", "steps.pipeline: the name is taken"),
        ("{name: n, steps: [{name: a, task: t, parents: [z]}]}", "steps.a.parents: found 'z'"),
        ("{name: n, steps: [{name: a, task: t, parents: [b]}, {name: b, task: t, parents: [a]}]}", "in a circle"),
        ("{name: n, steps: [{name: a, task: t, parameters: {lr: 1}}]}", "steps.a.parameters: found 'lr'"),
        ("{name: n, steps: [{name: a, task: t, when: '${pipeline.x}'}]}", "steps.a.when: ${pipeline.x}: expected a parameter"),
        ("{name: n, steps: [{name: a, task: t, when: '${z.id}'}]}", "steps.a.when: ${z.id}: there is no step 'z'"),
        ("{name: n, steps: [{name: a, task: t}, {name: b, task: t, when: '${a.files.x}'}]}", "expected one of artifacts"),
        ("{name: n, steps: [{name: a, task: t}, {name: b, task: t, when: '${a.models.output.x.url}'}]}", "models.output.NUMBER"),
        ("{name: n, steps: [{name: a, task: t}, {name: b, task: t, when: '${a.artifacts.x}'}]}", "it is too short"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("[" * 5000, "definition: "),
    ],
)
def test_wrong_definitions_name_the_field(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"\A") as error:
        read_definition(text)
    assert told in str(error.value)


def test_nodes_of_the_sdk() -> None:
    nodes = {"a": {"base_task_id": "t", "parents": None, "cache_executed_step": True, "timeout": 5.0, "queue": None}}
    step = from_nodes("n", "P", nodes, {}).steps[0]
    assert (step.task, step.cache, step.timeout, step.queue) == ("t", True, 5.0, "")
    for node, told in (
        ({}, "steps.a.base_task_id"),
        ({"base_task_id": "t", "task_overrides": {"x": 1}}, "steps.a.task_overrides"),
    ):
        with pytest.raises(ValueError, match=told):
            from_nodes("n", "P", {"a": node}, {})


TASK = {
    "id": "one",
    "execution": {"artifacts": [{"key": "a.b", "uri": "http://x", "content_size": 7}]},
    "hyperparams": {"Args": {"x.y": {"value": "5"}}},
    "last_metrics": {"k": {"v": {"metric": "loss", "variant": "test", "value": 0.5}}},
    "models": {"output": [{"name": "m", "model": "id of it"}]},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${s.id}", "one"),
        ("at ${s.artifacts.a\\.b.url}!", "at http://x!"),
        ("${s.artifacts.a.b.size}", "7"),
        ("${s.parameters.Args/x.y}${pipeline.p}", "5q"),
        ("${s.metrics.loss/test}", "0.5"),
        ("${s.models.output.-1.id}", "id of it"),
    ],
)
def test_references(text: str, value: str) -> None:
    assert fill(text, {"p": "q"}, {"s": TASK}) == value


@pytest.mark.parametrize("text", ["${s.artifacts.z.url}", "${s.parameters.Args/z}", "${s.models.output.3.id}", "${z.id}"])
def test_what_is_missing_is_told(text: str) -> None:
    with pytest.raises(Missing, match="has no"):
        fill(text, {}, {"s": TASK})


def test_conditions() -> None:
    for text in ("0.9 > 0.5", "10 >= 9", "a == a", "a != b", "yes", "1e-3 < 1"):
        assert holds(text)
    for text in ("0.9 < 0.5", "a == b", "", "False", "0", "9 > 10"):
        assert not holds(text)


def test_the_key_is_of_code_and_parameters() -> None:
    base = {"id": "t", "script": {"diff": "x"}, "hyperparams": {"Args": {"n": {"value": "1"}}}}
    assert content_key(base, {}) == content_key(base, {"Args/n": "1"})
    others = [content_key(base, {"Args/n": "2"}), content_key({**base, "script": {"diff": "y"}}, {})]
    assert len({content_key(base, {}), *others}) == 3
