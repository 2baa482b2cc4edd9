"""A second process: finds the run of the training script and compares all of it with what was sent."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import what_is_sent as sent
from clearml import InputModel, StorageManager, Task


def find(ids: dict[str, str]) -> Task:
    """The task, found in each way."""
    task = Task.get_task(project_name=sent.PROJECT, task_name=ids["name"])
    assert task.id == ids["task"]
    assert Task.get_task(task_id=ids["task"]).name == ids["name"]
    assert Task.query_tasks(project_name=sent.PROJECT, task_name=ids["name"], tags=sent.TAGS) == [ids["task"]]
    assert Task.query_tasks(project_name=sent.PROJECT, task_name=ids["name"], tags=["none of these"]) == []
    only = {"status": ["completed"], "order_by": ["-last_update"]}
    assert ids["task"] in Task.query_tasks(project_name=sent.PROJECT, task_filter=only)
    assert ids["task"] in [found.id for found in Task.get_tasks(project_name=sent.PROJECT, task_filter=only)]
    return task


def compare_description(task: Task) -> None:
    """Status, text fields, parameters, configuration and user properties."""
    assert task.get_status() == "completed"
    assert sorted(task.get_tags()) == sent.TAGS
    assert task.comment.startswith(sent.COMMENT)
    assert task.get_last_iteration() == 999
    expected = {
        "Args/batch": "16",
        "Args/name": "somebody",
        "Args/fast": "True",
        "Settings/epochs": "3",
        "Settings/rate": "0.01",
        "Settings/optimizer/name": "adam",
        "Settings/optimizer/betas": "[0.9, 0.999]",
        "Settings/with.dot": "kept",
        "Settings/on": "True",
    }
    parameters = task.get_parameters()
    assert {key: parameters.get(key) for key in expected} == expected
    assert task.get_configuration_object_as_dict("network") == sent.NETWORK
    properties = task.get_user_properties(value_only=True)
    assert {key: properties.get(key) for key in sent.PROPERTIES} == sent.PROPERTIES


def compare_scalars(task: Task) -> None:
    """Every point, in both ways of reading, and the summary of it."""
    steps = list(range(len(sent.POINTS)))
    curve = task.get_reported_scalars()["loss"]["train"]
    assert curve["x"] == steps
    assert curve["y"] == sent.POINTS
    every = task.get_all_reported_scalars()["loss"]["train"]
    assert dict(zip(every["x"], every["y"], strict=True)) == dict(zip(steps, sent.POINTS, strict=True))
    assert task.get_reported_single_values() == sent.SINGLE_VALUES
    assert "Summary" not in task.get_reported_scalars()
    last = task.get_last_scalar_metrics()["loss"]["train"]
    assert (last["last"], last["min"], last["max"]) == (sent.POINTS[-1], min(sent.POINTS), max(sent.POINTS))


def compare_plots_and_samples(task: Task) -> None:
    """Histogram, table and figure as Plotly documents; image and medium as files."""
    plots = {(plot["metric"], plot["variant"]): json.loads(plot["plot_str"]) for plot in task.get_reported_plots()}
    assert {("weights", "layer"), ("table", "rows"), ("figure", "squares")} <= set(plots)
    assert plots["weights", "layer"]["data"][0]["y"] == sent.HISTOGRAM
    cells = plots["table", "rows"]["data"][0]["cells"]["values"]
    assert [str(value) for column in cells for value in column][-2:] == ["1", "2"]
    picture = only_sample(task, "picture", "ramp")
    assert picture.stat().st_size > 0
    assert only_sample(task, "media", "note").read_bytes() == b"bytes of a medium"


def only_sample(task: Task, metric: str, variant: str) -> Path:
    """The local copy of the one debug sample of a variant."""
    samples = task.get_debug_samples(metric, variant)
    assert len(samples) == 1, samples
    copy = StorageManager.get_local_copy(samples[0]["url"])
    assert copy, samples
    return Path(copy)


def compare_console(task: Task) -> None:
    """The reported text and the standard output."""
    console = "\n".join(task.get_reported_console_output(number_of_reports=1000))
    assert sent.TEXT in console
    assert "A line on the standard output" in console


def compare_artifacts(task: Task) -> None:
    """An artifact of each kind, with its metadata."""
    artifacts = task.artifacts
    assert set(artifacts) == {"array", "dictionary", "file", "folder", "frame"}
    assert all(artifact.metadata == {"kind": name} for name, artifact in artifacts.items())
    assert artifacts["dictionary"].get() == sent.DICTIONARY
    assert np.array_equal(artifacts["array"].get(), sent.ARRAY)
    pd.testing.assert_frame_equal(artifacts["frame"].get(), sent.FRAME, check_dtype=False, check_index_type=False)
    assert Path(artifacts["file"].get_local_copy()).read_text() == sent.FILE
    folder = Path(artifacts["folder"].get_local_copy())
    assert {name: (folder / name).read_text() for name in sent.FOLDER} == sent.FOLDER
    assert all(artifact.hash for artifact in artifacts.values())


def compare_model(task: Task, model_id: str) -> None:
    """The model of the task: weights, labels, metadata, tags."""
    (output,) = task.models["output"]
    assert output.id == model_id
    model = InputModel(model_id)
    assert model.name == "classifier"
    assert model.framework == "PyTorch"
    assert model.labels == sent.LABELS
    assert "good" in model.tags
    assert {key: model.get_metadata(key) for key in sent.METADATA} == sent.METADATA
    assert Path(model.get_weights()).read_bytes() == sent.WEIGHTS


def main(result: Path) -> None:
    """Read everything back."""
    ids = json.loads(result.read_text())
    task = find(ids)
    compare_description(task)
    compare_scalars(task)
    compare_plots_and_samples(task)
    compare_console(task)
    compare_artifacts(task)
    compare_model(task, ids["model"])
    print("everything is equal")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
