"""A run without a server, imported afterwards; and a task that is exported and imported."""

from pathlib import Path

from clearml import Task

PROJECT = "Real clients/offline"


def record() -> str:
    """The archive of a run that was made offline."""
    Task.set_offline(offline_mode=True)
    task = Task.init(PROJECT, "made offline", reuse_last_task_id=False)
    task.connect({"rate": 0.5}, name="Settings")
    for step in range(50):
        task.get_logger().report_scalar("loss", "train", value=step / 4, iteration=step)
    task.get_logger().report_single_value("accuracy", 0.5)
    task.get_logger().report_text("written offline")
    Path("note.txt").write_text("an artifact")
    task.upload_artifact("note", Path("note.txt"))
    folder = task.get_offline_mode_folder()
    task.close()
    Task.set_offline(offline_mode=False)
    return f"{folder}.zip"


def main() -> None:
    """Import the session, then move a task by its exported form."""
    imported = Task.import_offline_session(record())
    task = Task.get_task(task_id=imported)
    curve = task.get_reported_scalars()["loss"]["train"]
    assert (curve["x"], curve["y"]) == (list(range(50)), [step / 4 for step in range(50)])
    assert task.get_reported_single_values() == {"accuracy": 0.5}
    assert task.get_parameters()["Settings/rate"] == "0.5"
    assert "written offline" in "\n".join(task.get_reported_console_output(number_of_reports=100))
    assert Path(task.artifacts["note"].get_local_copy()).read_text() == "an artifact"
    exported = task.export_task()
    copy = Task.import_task({**exported, "name": "a copy"})
    assert copy.id != task.id
    assert (copy.name, copy.get_project_name(), copy.get_status()) == ("a copy", PROJECT, "created")
    assert copy.get_parameters()["Settings/rate"] == "0.5"
    assert not copy.artifacts, "results are not exported"
    changed = {
        **exported,
        "name": "changed",
        "hyperparams": {"Settings": {"depth": {"section": "Settings", "name": "depth", "value": "3"}}},
    }
    updated = Task.import_task(changed, target_task=copy.id, update=True)
    assert updated.id == copy.id
    assert updated.name == "changed"
    parameters = Task.get_task(task_id=copy.id).get_parameters()
    assert parameters["Settings/depth"] == "3"
    continue_imported(task)
    print("the offline session is right")


def continue_imported(task: Task) -> None:
    """A second session offline goes on with the imported task."""
    Task.set_offline(offline_mode=True)
    more = Task.init(PROJECT, "made offline", reuse_last_task_id=False)
    more.get_logger().report_scalar("loss", "train", value=100, iteration=50)
    folder = more.get_offline_mode_folder()
    more.close()
    Task.set_offline(offline_mode=False)
    assert Task.import_offline_session(f"{folder}.zip", previous_task_id=task.id) == task.id
    curve = Task.get_task(task_id=task.id).get_reported_scalars()["loss"]["train"]
    assert len(curve["x"]) == 51
    assert curve["y"][-1] == 100


if __name__ == "__main__":
    main()
