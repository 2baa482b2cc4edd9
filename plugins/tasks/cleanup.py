"""What goes with the results of a task: its models, its files, its events, and the addresses of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select
from trackyard.core import store
from trackyard.core.entities import MODEL, FieldPath, Model, TaskValue, table_of
from trackyard.core.lifecycle import Unit
from trackyard.core.store import Document
from trackyard.plugins.tasks.requests import CleanupRequest


@dataclass
class Results:
    """The models that a task made, and the files of its artifacts."""

    drafts: list[Document] = field(default_factory=list)
    """Models that nobody else uses and that were not published."""
    kept: list[Document] = field(default_factory=list)
    """Published models, and models that other tasks use."""
    artifact_urls: list[str] = field(default_factory=list)

    @property
    def published(self) -> list[Document]:
        """The models that were published."""
        return [model for model in self.kept if model["ready"]]


def results_of(unit: Unit, task: Document, num: int) -> Results:
    """What the task (with ``execution``) made; ``num`` is its row."""
    found = Results(artifact_urls=_artifact_urls(task))
    models = _made_models(unit, task["id"])
    used = _used_by_others(unit, [model["id"] for model in models], num)
    for model in models:
        (found.kept if model["ready"] or model["id"] in used else found.drafts).append(model)
    return found


def _artifact_urls(task: Document) -> list[str]:
    artifacts = task["execution"].get("artifacts") or []
    return [item["uri"] for item in artifacts if item.get("uri") and item.get("mode", "output") == "output"]


def _made_models(unit: Unit, task_id: str) -> list[Document]:
    table = table_of(Model)
    query = select(table.c.id, table.c.uri, table.c.ready).where(table.c.task == task_id)
    rows = unit.session.execute(query.where(table.c.company == unit.identity.company).order_by(table.c.num))
    return [dict(row) for row in rows.mappings()]


def _used_by_others(unit: Unit, model_ids: list[str], num: int) -> set[str]:
    """Those of the models that tasks other than the one in row ``num`` name as an input or output."""
    value, path = table_of(TaskValue), table_of(FieldPath)
    query = (
        select(value.c.text)
        .join(path, path.c.num == value.c.path)
        .where(path.c.path.in_(("models.input.model", "models.output.model")), value.c.owner != num)
    )
    return set(unit.session.execute(query.where(value.c.text.in_(model_ids))).scalars()) if model_ids else set()


def remove_results(unit: Unit, task: Document, found: Results, request: CleanupRequest, *, forget: bool) -> tuple[int, int]:
    """Delete the draft models unless they shall stay, and note the files to be removed; (deleted, updated) models.

    ``forget``: the task goes, so the models that stay no longer name it.
    """
    drafts = found.drafts if request.delete_output_models else []
    stay = [*found.kept, *(found.drafts if not drafts else [])]
    store.delete(unit.session, MODEL, [model["id"] for model in drafts])
    for model in stay if forget else []:
        store.update(unit.session, MODEL, model["id"], {"task": None}, by=unit.identity.user, tells=False)
    gone = [store.events_url("model", model["id"]) for model in drafts]
    if request.delete_external_artifacts:
        gone += [*found.artifact_urls, *_uris(drafts)]
    store.schedule_deletion(unit.session, gone, unit.identity, task["id"])
    return len(drafts), len(stay) if forget else 0


def _uris(models: Iterable[Document]) -> list[str]:
    return [model["uri"] for model in models if model.get("uri")]


def urls_of(found: Results, request: CleanupRequest, event_urls: Iterable[str]) -> Document | None:
    """The addresses of the files, if they were asked for."""
    if not request.return_file_urls:
        return None
    return {
        "model_urls": _uris(found.drafts if request.delete_output_models else []),
        "event_urls": sorted(set(event_urls)),
        "artifact_urls": found.artifact_urls,
    }
