"""From what clients send to what is stored: nested documents, checked references, lists in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trackyard.core import store
from trackyard.core.entities import MODEL, PROJECT, TASK
from trackyard.core.errors import bad_value, invalid_id, validation
from trackyard.core.lifecycle import Unit
from trackyard.core.store import Document

OPERATOR = "__$"
ITEM_FIELDS = ("section", "name", "value", "type", "description")


def given(raw: Mapping[str, Any]) -> Document:
    """Without explicit nulls, which stand for absent keys."""
    return {key: value for key, value in raw.items() if value is not None}


def items(raw: Any) -> list[Any]:
    """A list of which clients may have sent the only item alone."""
    return raw if isinstance(raw, list) else [raw]


def tags(raw: Any) -> list[str]:
    """Distinct tags in order. A tag that looks like an operator of the query language could never be found (400/12)."""
    found: list[str] = sorted(set(items(raw)))
    for tag in found:
        if tag.startswith(OPERATOR):
            raise validation("tags", f"a tag may not begin with {OPERATOR}")
    return found


def default(field: str) -> Document:
    """What a task has in a nested field that was never set."""
    empty = TASK.fields[field].empty
    return dict(empty()) if empty else {}


def hyperparams(raw: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Document:
    """Sections of hyperparameters; every item knows its section and its name."""
    return {
        section: {name: parameter({"section": section, "name": name, **given(item)}) for name, item in items.items()}
        for section, items in raw.items()
    }


def parameter(item: Mapping[str, Any]) -> Document:
    """One hyperparameter with the keys that the protocol knows (clients add their own, such as an id of a form)."""
    return {key: item[key] for key in ITEM_FIELDS if item.get(key) is not None}


def configuration(raw: Mapping[str, Mapping[str, Any]]) -> Document:
    """Configuration objects; every one knows its name."""
    return {name: {"name": name, **given(item)} for name, item in raw.items()}


def execution(raw: Mapping[str, Any]) -> Document:
    """The given part of ``execution`` with its artifacts in order."""
    part = given(raw)
    if "artifacts" in part:
        part["artifacts"] = merge_artifacts([], part["artifacts"])
    return part


def artifact_key(item: Mapping[str, Any]) -> tuple[str, str]:
    """What names an artifact."""
    return item["key"], item.get("mode") or "output"


def merge_artifacts(old: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]) -> list[Document]:
    """All artifacts, a new one in the place of an old one of the same key and mode, sorted by key.

    Each has its list of things to show, even if empty: clients that compare tasks go through it without a look.
    """
    found = {artifact_key(item): {"display_data": [], **given(item), "mode": artifact_key(item)[1]} for item in [*old, *new]}
    return [found[key] for key in sorted(found)]


def task_models(unit: Unit, raw: Mapping[str, Any]) -> Document:
    """The given sides of ``models``; input models must exist (400/201)."""
    sides = {side: raw[side] for side in ("input", "output") if raw.get(side) is not None}
    check_models(unit, [item["model"] for item in sides.get("input", [])])
    return {side: merge_models([], items, unit) for side, items in sides.items()}


def merge_models(old: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]], unit: Unit) -> list[Document]:
    """Models of one side; a name occurs once, and a replaced one moves to the end, as the last is the newest."""
    found: dict[str, Document] = {item["name"]: dict(item) for item in old}
    for item in new:
        found.pop(item["name"], None)
        found[item["name"]] = {"name": item["name"], "model": item["model"], "updated": unit.now}
    return list(found.values())


def check_models(unit: Unit, model_ids: Iterable[str]) -> None:
    """Raise 400/201 for the first id that is no model of the company and no public one."""
    wanted = list(dict.fromkeys(model_ids))
    known = store.existing(unit.session, MODEL, wanted, company=unit.identity.company) if wanted else set()
    for model_id in wanted:
        if model_id not in known:
            raise invalid_id("model", model_id)


def check_references(unit: Unit, fields: Mapping[str, Any]) -> None:
    """Raise 400/16 if the given parent or project does not exist."""
    for field, kind in (("parent", TASK), ("project", PROJECT)):
        wanted = fields.get(field)
        if wanted and not store.existing(unit.session, kind, [wanted], company=unit.identity.company):
            raise bad_value(field, wanted)
