"""What cards of projects and lists of filters cost when there are 100,000 tasks in SQLite."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from trackyard.core.testing.kernel import running_kernel
from trackyard.storage_backends.metadata_sql.backend import SqliteBackend

from benchmarks.query_tasks import ME, fill, timed
from benchmarks.report import figure

ONE = f"{3:032x}"
CARDS: dict[str, Any] = {
    "include_stats": True,
    "check_own_contents": True,
    "shallow_search": True,
    "stats_for_state": "active",
    "include_stats_filter": {"system_tags": ["-pipeline", "-dataset", "-Annotation", "-report"]},
    "order_by": ["featured", "-last_update"],
    "scroll_id": None,
    "size": 16,
}
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "16 cards of projects": ("projects.get_all_ex", CARDS),
    "one card": ("projects.get_all_ex", {**CARDS, "id": [ONE], "include_dataset_stats": True}),
    "projects of a user": ("projects.get_all_ex", {"active_users": ["me"], "shallow_search": True}),
    "counts for a search": (
        "organization.get_entities_count",
        {"tasks": {"_any_": {"pattern": "work 777", "fields": ["name", "id"]}}, "projects": {}, "models": {}, "reports": {}},
    ),
    "all tags": ("organization.get_tags", {"include_system": True}),
    "tags of a project": ("projects.get_task_tags", {"projects": [ONE]}),
    "names of hyperparameters": ("projects.get_hyper_parameters", {"project": ONE, "page_size": 5000}),
    "1,000 values of a hyperparameter": ("projects.get_hyperparam_values", {"section": "Args", "name": "p4"}),
    "metrics of a project": ("projects.get_unique_metric_variants", {"project": ONE}),
    "users of a project": ("projects.get_user_names", {"projects": [ONE]}),
    "what a deletion would meet": ("projects.validate_delete", {"project": ONE}),
}


async def measure(folder: Path) -> None:
    """Fill a store and ask through the endpoints."""
    (folder / "data").mkdir()
    await (await SqliteBackend().open("sqlite:", folder / "data")).close()
    fill(folder / "data" / "metadata.db")
    async with running_kernel(folder) as kernel:
        for name, (endpoint, body) in CALLS.items():
            figure(name, await timed(lambda e=endpoint, b=body: kernel.call(e, b, ME)), "ms")  # type: ignore[misc]


def main() -> None:
    """Measure in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="trackyard-projects-") as folder:
        asyncio.run(measure(Path(folder)))
