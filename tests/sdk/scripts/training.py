"""A training script: everything that a run can report. Its only argument of ours is the file that gets the ids."""

import argparse
import io
import json
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import what_is_sent as sent
from clearml import OutputModel, Task
from described import wait_until_described


def arguments() -> argparse.Namespace:
    """The command line, which the SDK records."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--result", type=Path, required=True)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--name", default="nobody")
    parser.add_argument("--fast", action="store_true")
    parser.add_argument(
        "--crash", type=Path, help="a folder: `half` is written there in the middle, `go` is waited for a little later"
    )
    return parser.parse_args()


def report_curve(task: Task, crash: Path | None) -> None:
    """The scalars. With ``crash``: says when half of them are acknowledged, and goes on reporting while the server is away."""
    for step, value in enumerate(sent.POINTS):
        if crash is not None and step == sent.HALF:
            task.get_logger().flush(wait=True)
            (crash / "half.new").write_text(json.dumps({"task": task.id}))
            (crash / "half.new").rename(crash / "half")
        while crash is not None and step > sent.HALF + 100 and not (crash / "go").exists():
            time.sleep(0.05)
        task.get_logger().report_scalar("loss", "train", value=value, iteration=step)


def report(task: Task, crash: Path | None) -> None:
    """Scalars, single values, text, plots and debug samples."""
    logger = task.get_logger()
    report_curve(task, crash)
    for name, value in sent.SINGLE_VALUES.items():
        logger.report_single_value(name, value)
    logger.report_text(sent.TEXT)
    print("A line on the standard output")
    logger.report_histogram("weights", "layer", values=sent.HISTOGRAM, iteration=5)
    logger.report_table("table", "rows", iteration=0, table_plot=sent.TABLE)
    figure = plt.figure()
    plt.plot([1, 4, 9])
    logger.report_matplotlib_figure("figure", "squares", figure=figure, iteration=1)
    plt.close(figure)
    logger.report_image("picture", "ramp", iteration=2, image=sent.PICTURE)
    logger.report_media("media", "note", iteration=3, stream=io.BytesIO(b"bytes of a medium"), file_extension="txt")


def upload_artifacts(task: Task) -> None:
    """An artifact of each kind."""
    Path("file.txt").write_text(sent.FILE)
    for name, content in sent.FOLDER.items():
        path = Path("folder") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    objects = {
        "dictionary": sent.DICTIONARY,
        "array": sent.ARRAY,
        "frame": sent.FRAME,
        "file": Path("file.txt"),
        "folder": Path("folder"),
    }
    for name, value in objects.items():
        assert task.upload_artifact(name, value, metadata={"kind": name})


def upload_model(task: Task) -> str:
    """A model with weights, labels and metadata; its id."""
    model = OutputModel(task=task, name="classifier", framework="PyTorch", label_enumeration=sent.LABELS, tags=["good"])
    Path("weights.pt").write_bytes(sent.WEIGHTS)
    model.update_weights("weights.pt", iteration=999, auto_delete_file=False, async_enable=False)
    for key, value in sent.METADATA.items():
        assert model.set_metadata(key, value, "str")
    return str(model.id)


def main() -> None:
    """The run."""
    name = f"everything {Path.cwd().name}"
    task = Task.init(sent.PROJECT, name, output_uri=True, reuse_last_task_id=False, tags=sent.TAGS[:1])
    given = arguments()
    wait_until_described(task)
    parameters = task.connect(dict(sent.PARAMETERS), name="Settings")
    assert parameters["rate"] == sent.PARAMETERS["rate"]
    assert task.connect_configuration(sent.NETWORK, name="network", description="The layers") == sent.NETWORK
    report(task, given.crash)
    upload_artifacts(task)
    model = upload_model(task)
    task.set_user_properties(**sent.PROPERTIES)
    task.add_tags(sent.TAGS[1:])
    task.set_comment(sent.COMMENT)
    task.flush(wait_for_uploads=True)
    task.close()
    given.result.write_text(json.dumps({"task": task.id, "name": name, "model": model}))


if __name__ == "__main__":
    main()
