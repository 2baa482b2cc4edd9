"""One member of the team: many tasks, made with ``Task.import_task`` of the SDK. Runs in a process of its own.

``python -m docs.demo.member NUMBER COUNT`` with the credentials of the member in the environment.
"""

from __future__ import annotations

import random
import sys
from typing import Any

from clearml import OutputModel, Task

from docs.demo.curves import events_of, lines
from docs.demo.story import PROJECTS

MODELS = {
    "Vision/Segmentation": ["unet", "segformer-b2", "deeplab-v3"],
    "Vision/Detection": ["yolo-m", "detr", "centernet"],
    "Language/Translation": ["transformer-base", "mbart", "t5-small"],
    "Language/Speech": ["conformer", "wav2vec", "whisper-tiny"],
    "Forecasting/Demand": ["tft", "n-beats", "lightgbm"],
}
KINDS = ["training"] * 6 + ["testing"] * 2 + ["data_processing", "inference", "qc", "custom"]
STATES = ["completed"] * 11 + ["failed"] * 3 + ["stopped"] * 2 + ["published", "created", "created", "in_progress"]
TAGS = [["baseline"], ["ablation", "v2"], [], ["nightly"], ["paper"], [], ["sweep"]]
FAILURES = ["RuntimeError: CUDA out of memory", "FileNotFoundError: shards/00017.tar", "loss is NaN at step 41"]


def described(number: int, dice: random.Random) -> dict[str, Any]:
    """A task as ``Task.export_task`` gives it."""
    project = dice.choice(PROJECTS)
    kind, model = dice.choice(KINDS), dice.choice(MODELS[project])
    rate, batch, epochs = dice.choice([0.1, 0.03, 0.01, 0.003, 0.001]), dice.choice([16, 32, 64, 128]), dice.choice([20, 40, 80])
    parameters: dict[str, dict[str, object]] = {
        "Args": {"learning_rate": rate, "batch_size": batch, "epochs": epochs, "seed": number},
        "model": {"name": model, "dropout": dice.choice([0.0, 0.1, 0.2]), "augment": dice.random() < 0.5},
    }
    return {
        "name": f"{model} lr {rate} bs {batch}" if kind == "training" else f"{model} {kind.replace('_', ' ')} {number:03d}",
        "project_name": project,
        "type": kind,
        "tags": dice.choice(TAGS),
        "comment": f"{model} with {batch} samples a step. See the [plan](https://example.org/plan).",
        "hyperparams": {
            section: {
                name: {"section": section, "name": name, "value": str(value), "type": type(value).__name__}
                for name, value in items.items()
            }
            for section, items in parameters.items()
        },
        "script": {
            "repository": f"https://git.example.org/{project.lower()}.git",
            "branch": "main",
            "version_num": f"{dice.getrandbits(160):040x}",
            "entry_point": "train.py" if kind == "training" else f"{kind}.py",
            "working_dir": ".",
            "binary": "python3.11",
            "requirements": {"pip": "torch==2.9.0\nnumpy==2.3.4\npandas==2.3.3\n"},
        },
        "container": {"image": "nvcr.example.org/pytorch:25.10", "arguments": "--ipc=host"},
    }


def finish(task: Task, state: str, dice: random.Random) -> None:
    """Bring a started task to its last status, as a script does."""
    if state == "failed":
        task.mark_failed(ignore_errors=True, status_reason="exit code 1", status_message=dice.choice(FAILURES))
    elif state == "stopped":
        task.mark_stopped(force=True, status_message="stopped by its user")
    elif state in ("completed", "published"):
        task.mark_completed(ignore_errors=True)
    if state == "published":
        task.publish(ignore_errors=True)


def run(task: Task, state: str, dice: random.Random) -> None:
    """Start a task and send its curves; the better ones leave a model."""
    quality = dice.random()
    task.mark_started(force=True)
    body = lines(events_of(task.id, dice, state == "failed", quality))
    headers = {"Content-Type": "application/json-lines"}
    Task._get_default_session().send_request("events", "add_batch", method="post", headers=headers, data=body.encode())
    if quality > 0.85 and state in ("completed", "published"):
        model = OutputModel(task=task, name=f"{task.name} best", framework=dice.choice(["PyTorch", "ONNX", "TensorFlow"]))
        model.update_weights(register_uri=f"s3://models.example.org/{task.id}/best.pt", auto_delete_file=False)


def main(number: int, count: int) -> None:
    """Make the tasks, then end them: what takes time in between is how long they seem to have taken."""
    dice = random.Random(number)
    started: list[tuple[Task, str]] = []
    for at in range(count):
        task = Task.import_task(described(number * 1000 + at, dice))
        if task is None:
            raise SystemExit(f"task {at} was refused")
        state = dice.choice(STATES)
        if state == "created" and dice.random() < 0.6:
            Task.enqueue(task, queue_name=dice.choice(["gpu", "gpu", "cpu", "nightly"]))
        elif state != "created":
            run(task, state, dice)
            started.append((task, state))
    for task, state in started:
        finish(task, state, dice)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
