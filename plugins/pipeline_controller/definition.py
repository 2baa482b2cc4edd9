"""What a pipeline is: its steps and parameters, read from YAML or from what the SDK's controller wrote, and checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec
import yaml

REFERENCE = re.compile(r"\$\{([^}]*)\}")
"""A reference in a value, such as ``${prepare.artifacts.data.url}``."""
PIPELINE = "pipeline"
"""The word that refers to the pipeline's own parameters."""
SOURCES = ("artifacts", "parameters", "metrics", "models", "id")
LARGEST = 1_000_000
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[^${}.\s][^${}.]*$", max_length=200)]


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """A step: a clone of ``task`` (an id, or ``project/name``) with other ``parameters`` (by ``section/name``).

    ``parents`` and the steps to which values refer come before it. It is tried again up to ``retries`` times, stopped after
    ``timeout`` seconds (0: never), skipped when ``when`` is false, and with ``cache`` replaced by an equal one that was
    completed. After a failure its children are skipped unless ``continue_on_fail``.
    """

    name: Name
    task: Annotated[str, msgspec.Meta(min_length=1)]
    queue: str = ""
    parents: list[str] = []
    parameters: dict[str, str | int | float | bool] = {}
    retries: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    timeout: Seconds = 0.0
    cache: bool = False
    when: str = ""
    continue_on_fail: bool = False

    def references(self) -> Iterator[tuple[str, list[str]]]:
        """The field and the parts of each reference in it."""
        texts = {f"parameters.{name}": str(value) for name, value in self.parameters.items()} | {"when": self.when}
        for field, text in texts.items():
            for found in REFERENCE.findall(text):
                yield field, found.split(".")

    def before(self) -> list[str]:
        """The steps that must end before this one begins."""
        referred = [parts[0] for _, parts in self.references() if parts[0] != PIPELINE]
        return list(dict.fromkeys([*self.parents, *referred]))


class Definition(msgspec.Struct, forbid_unknown_fields=True):
    """A pipeline. ``parameters`` are what its runs are started with, and their defaults."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[^/\s][^/]*$", max_length=200)]
    steps: Annotated[list[Step], msgspec.Meta(min_length=1, max_length=1000)]
    project: Annotated[str, msgspec.Meta(min_length=1)] = "Pipelines"
    version: str = "1.0.0"
    parameters: dict[str, str | int | float | bool] = {}

    def check(self) -> None:
        """Raise `ValueError` for what can't be run; the message names the field."""
        names = [step.name for step in self.steps]
        for step in self.steps:
            if names.count(step.name) > 1 or step.name == PIPELINE:
                raise ValueError(f"steps.{step.name}: the name is taken")
            self._check_step(step, set(names))
        self.ordered()

    def _check_step(self, step: Step, names: set[str]) -> None:
        at = f"steps.{step.name}"
        for parent in step.parents:
            if parent not in names:
                raise ValueError(f"{at}.parents: found {parent!r}; expected the name of a step")
        for name in step.parameters:
            if "/" not in name:
                raise ValueError(f"{at}.parameters: found {name!r}; expected section/name, such as Args/lr")
        for field, parts in step.references():
            problem = self._problem(parts, names)
            if problem:
                raise ValueError(f"{at}.{field}: ${{{'.'.join(parts)}}}: {problem}")

    def _problem(self, parts: list[str], names: set[str]) -> str:
        if parts[0] == PIPELINE:
            known = ".".join(parts[1:]) in self.parameters
            return "" if known else f"expected a parameter of the pipeline: {', '.join(self.parameters) or 'there are none'}"
        if parts[0] not in names:
            return f"there is no step {parts[0]!r}"
        if len(parts) < 2 or parts[1] not in SOURCES:
            return f"expected one of {', '.join(SOURCES)} after the step"
        fewest = {"id": 2, "models": 5, "artifacts": 4}.get(parts[1], 3)
        if len(parts) < fewest:
            return "it is too short"
        models = parts[1] == "models"
        if models and (parts[2] not in ("input", "output") or not re.fullmatch(r"-?[0-9]{1,6}", parts[3])):
            return "expected models.output.NUMBER.FIELD"
        return ""

    def ordered(self) -> list[Step]:
        """The steps, each after those that must end before it; raises `ValueError` when that can't be."""
        done: dict[str, Step] = {}
        left = list(self.steps)
        while left:
            free = [step for step in left if all(name in done for name in step.before())]
            if not free:
                raise ValueError(f"steps.{left[0].name}.parents: the steps wait for each other in a circle")
            done |= {step.name: step for step in free}
            left = [step for step in left if step.name not in done]
        return list(done.values())


def read_definition(text: str) -> Definition:
    """The pipeline that a YAML (or JSON) text means, checked; raises `ValueError`. Parsing a long text takes a while."""
    if len(text) > LARGEST:
        raise ValueError(f"definition: longer than {LARGEST} letters")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise ValueError("definition: aliases (*name) are not read")
        found = yaml.safe_load(text)
        definition = msgspec.convert(found, Definition)
    except yaml.YAMLError as error:
        raise ValueError(f"definition: no YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise ValueError("definition: nested too deeply") from None
    except msgspec.ValidationError as error:
        raise ValueError(f"definition: {error}") from None
    definition.check()
    return definition


def from_nodes(name: str, project: str, nodes: Mapping[str, Any], arguments: Mapping[str, str]) -> Definition:
    """The pipeline that the configuration object ``Pipeline`` of the SDK's controller means; raises `ValueError`."""
    steps = [_from_node(step, node) for step, node in nodes.items()]
    found = {"name": name, "project": project, "steps": steps, "parameters": dict(arguments)}
    try:
        definition = msgspec.convert(found, Definition)
    except msgspec.ValidationError as error:
        raise ValueError(f"task: its pipeline: {error}") from None
    definition.check()
    return definition


def _from_node(name: str, node: Any) -> dict[str, Any]:
    if not isinstance(node, dict) or not node.get("base_task_id"):
        raise ValueError(f"task: steps.{name}.base_task_id: found nothing; steps that are functions run only with the SDK")
    for field in ("task_overrides", "configurations"):
        if node.get(field):
            raise ValueError(f"task: steps.{name}.{field}: it is not supported here; run it with the SDK")
    return {
        "name": name,
        "task": node["base_task_id"],
        "queue": node.get("queue") or "",
        "parents": node.get("parents") or [],
        "parameters": {
            key: value if isinstance(value, str) else str(value) for key, value in (node.get("parameters") or {}).items()
        },
        "timeout": node.get("timeout") or 0.0,
        "cache": bool(node.get("cache_executed_step")),
        "continue_on_fail": bool(node.get("continue_on_fail")),
    }
