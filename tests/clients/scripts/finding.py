"""Task.get_tasks and Task.query_tasks: by project, name pattern, tags, status, type, date, text and order."""

from datetime import timedelta
from typing import Any

from clearml import Task
from clearml.backend_api.session.client import APIClient

PROJECT = "Real clients/finding"
TASKS: dict[str, tuple[str, list[str], str, str]] = {
    "alpha one": ("", ["good", "small"], "training", "created"),
    "alpha two": ("", ["good", "large"], "training", "completed"),
    "beta (final)": ("", ["bad"], "testing", "failed"),
    "gamma": ("/below", ["good", "small", "internal"], "data_processing", "stopped"),
    "delta": ("/below", [], "training", "published"),
}
"""Name, and where it lies below the project, its tags, its type and its status."""
TRANSITIONS: dict[str, list[str]] = {
    "created": [],
    "completed": ["started", "completed"],
    "failed": ["started", "failed"],
    "stopped": ["started", "stopped"],
    "published": ["started", "stopped", "publish"],
}


def make() -> dict[str, str]:
    """The tasks, made one after the other; their ids by name."""
    client, ids = APIClient(), {}
    for number, (name, (below, tags, kind, status)) in enumerate(TASKS.items()):
        task = Task.create(project_name=PROJECT + below, task_name=name, task_type=kind)
        task.add_tags(tags)
        task.set_comment(f"made as number {number}")
        task.set_parameters({"General/number": number, "General/power": 10**number})
        for action in TRANSITIONS[status]:
            getattr(client.tasks, action)(task=task.id)
        ids[name] = task.id
    return ids


def found(**query: object) -> list[str]:
    """The names of the tasks that a query finds in both projects, sorted."""
    query.setdefault("project_name", [PROJECT, f"{PROJECT}/below"])
    return sorted(task.name for task in Task.get_tasks(**query))


def ordered(*keys: str, **more: object) -> list[str]:
    """The names in the order of some keys."""
    filters = {"order_by": list(keys), **more}
    return [task.name for task in Task.get_tasks(project_name=[PROJECT, f"{PROJECT}/below"], task_filter=filters)]


def by_project_and_name() -> None:
    """Exact projects, partial names, patterns."""
    assert found() == sorted(TASKS)
    assert found(project_name=PROJECT) == ["alpha one", "alpha two", "beta (final)"]
    assert found(project_name=f"{PROJECT}/below") == ["delta", "gamma"]
    assert found(task_name="alpha") == ["alpha one", "alpha two"]
    assert found(task_name="^alpha one$") == ["alpha one"]
    assert found(task_name="^(gamma|delta)$") == ["delta", "gamma"]
    assert found(task_name=r"beta \(final\)") == ["beta (final)"]
    assert found(task_name="(?i)ALPHA T") == ["alpha two"]


def by_tags() -> None:
    """One of them, all of them, none of them, and nested."""
    assert found(tags=["large", "bad"]) == ["alpha two", "beta (final)"]
    assert found(tags=["__$all", "good", "small"]) == ["alpha one", "gamma"]
    assert found(tags=["__$all", "good", "small", "__$not", "internal"]) == ["alpha one"]
    assert found(tags=["good", "-internal"]) == ["alpha one", "alpha two"]
    assert found(tags=["__$all", "good", "-small"]) == ["alpha two"]
    assert found(tags=["-good"]) == ["beta (final)", "delta"]
    nested = ["__$all", "good", "__$or", "large", "internal"]
    assert found(tags=nested) == ["alpha two", "gamma"]


def by_state(ids: dict[str, str]) -> None:
    """Status, type, parent, archive, ids, user."""
    assert found(task_filter={"status": ["completed", "failed"]}) == ["alpha two", "beta (final)"]
    assert found(task_filter={"type": ["training"], "status": ["created"]}) == ["alpha one"]
    assert found(task_filter={"type": ["__$not", "training"]}) == ["beta (final)", "gamma"]
    child = Task.clone(source_task=ids["gamma"], name="child", parent=ids["gamma"])
    assert found(task_filter={"parent": ids["gamma"]}) == ["child"]
    child.set_archived(True)
    assert found(allow_archived=False) == sorted(TASKS)
    assert "child" in found(allow_archived=True)
    assert found(task_filter={"system_tags": ["archived"]}) == ["child"]
    assert child.delete(raise_on_error=True)
    assert sorted(task.name for task in Task.get_tasks(task_ids=[ids["gamma"], ids["delta"]])) == ["delta", "gamma"]
    (user,) = {Task.get_task(task_id=task).data.user for task in ids.values()}
    assert found(task_filter={"user": [user]}) == sorted(TASKS)
    assert found(task_filter={"user": ["nobody"]}) == []


def by_text_and_date(ids: dict[str, str]) -> None:
    """Patterns over several fields, free text, ranges of dates."""
    assert found(task_filter={"_any_": {"fields": ["comment", "name"], "pattern": "number 3|alpha one"}}) == [
        "alpha one",
        "gamma",
    ]
    assert found(task_filter={"_all_": {"fields": ["comment", "name"], "pattern": "a"}}) == sorted(TASKS)
    assert found(task_filter={"search_text": "MADE delt"}) == ["delta"]
    created = {name: Task.get_task(task_id=task).data.created for name, task in ids.items()}
    middle = created["beta (final)"]
    assert when(created=[middle.isoformat(), None]) == ["beta (final)", "delta", "gamma"]
    assert when(created=[None, created["alpha two"].isoformat()]) == ["alpha one", "alpha two"]
    before, after = middle - timedelta(days=1), middle + timedelta(days=1)
    assert when(status_changed=[f">={before.isoformat()}"], status=["failed"]) == ["beta (final)"]
    assert when(last_update=[f">{before.isoformat()}", f"<={after.isoformat()}"]) == sorted(TASKS)
    assert when(last_update=[f">{after.isoformat()}"]) == []


def when(**dates: object) -> list[str]:
    """The names of the tasks in ranges of dates."""
    return found(task_filter={**dates, "_allow_extra_fields_": True})


def by_order(ids: dict[str, str]) -> None:
    """One key and several, up and down, pages, numbers as numbers."""
    names = list(TASKS)
    assert ordered("created") == names
    assert ordered("-created") == names[::-1]
    assert ordered("-name") == sorted(names, reverse=True)
    assert ordered("type", "-name") == ["gamma", "beta (final)", "delta", "alpha two", "alpha one"]
    assert ordered("-hyperparams.General.power.value") == names[::-1]
    assert ordered("created", page=1, page_size=2) == names[2:4]
    fields = {"additional_return_fields": ["name", "tags", "hyperparams"], "task_filter": {"order_by": ["created"]}}
    rows: list[Any] = list(Task.query_tasks(project_name=PROJECT, **fields))
    assert [(row["id"], row["name"], row["tags"]) for row in rows] == [(ids[name], name, TASKS[name][1]) for name in names[:3]]
    assert rows[2]["hyperparams"]["General"]["number"].value == "2"
    assert sorted(map(str, Task.query_tasks(project_name=PROJECT))) == sorted(ids[name] for name in names[:3])


def main() -> None:
    """All of it."""
    ids = make()
    by_project_and_name()
    by_tags()
    by_state(ids)
    by_text_and_date(ids)
    by_order(ids)
    assert set(Task.get_project_id(PROJECT)) <= set("0123456789abcdef")
    assert {PROJECT, f"{PROJECT}/below"} <= {project.name for project in Task.get_projects()}
    assert Task.get_task(project_name=PROJECT, task_name="alpha two", tags=["large"]).id == ids["alpha two"]
    print("the right tasks are found")


if __name__ == "__main__":
    main()
