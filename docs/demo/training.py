"""A training as a script of the SDK: parameters, curves, plots, pictures, a table, an artifact and a model."""

from __future__ import annotations

import math
import random
import sys
import tempfile
from pathlib import Path

import numpy
import pandas
from clearml import OutputModel, Task

CLASSES = ["road", "car", "person", "tree", "sky", "sign"]


def picture(seed: int, step: int, size: int = 160) -> numpy.ndarray:
    """A made-up scene that becomes sharper with training."""
    rows, columns = numpy.mgrid[0:size, 0:size] / size
    noise = numpy.random.default_rng(seed).normal(0, 0.35 * math.exp(-step / 30), (size, size, 3))
    scene = numpy.stack([rows, numpy.sin(columns * 6 + seed) / 2 + 0.5, 1 - rows * columns], axis=2)
    scene[(rows - 0.55) ** 2 + (columns - 0.2 - seed / 8) ** 2 < 0.03] = (0.9, 0.35, 0.2)
    return (numpy.clip(scene + noise, 0, 1) * 255).astype("uint8")


def main(seed: int, project: str, name: str) -> None:
    """Train what there is nothing to train of."""
    dice = random.Random(seed)
    task = Task.init(project_name=project, task_name=name, tags=["baseline"], auto_connect_frameworks=False)
    settings = task.connect(
        {"learning_rate": 0.01 / (seed + 1), "batch_size": 32, "epochs": 60, "encoder": "resnet50"}, name="Args"
    )
    task.connect_configuration({"encoder": {"depth": 50}, "decoder": {"channels": [256, 128, 64]}}, name="model")
    task.set_comment("Trains on the **road scenes** of last month.\n\n- cosine schedule\n- mixed precision")
    logger = task.get_logger()
    for step in range(int(settings["epochs"])):
        loss = 0.25 + 0.05 * seed + 1.8 * math.exp(-step / 14) + dice.gauss(0, 0.02)
        logger.report_scalar("loss", "train", loss, step)
        logger.report_scalar("loss", "validation", loss * 1.08 + dice.gauss(0, 0.03), step)
        for kind in CLASSES[:3]:
            logger.report_scalar("IoU", kind, max(0.0, 0.95 - loss / 2.5 + dice.gauss(0, 0.01)), step)
        print(f"epoch {step:02d}: loss {loss:.4f}")
        if step % 20 == 0:
            for variant, offset in (("input", 0), ("prediction", 1), ("ground truth", 2)):
                logger.report_image("samples", variant, step, image=picture(seed + offset, step if offset == 1 else 99))
            matrix = [[dice.randint(80, 99) if row == column else dice.randint(0, 9) for column in range(6)] for row in range(6)]
            logger.report_confusion_matrix(
                "Confusion",
                "validation",
                numpy.array(matrix),
                step,
                xlabels=CLASSES,
                ylabels=CLASSES,
                xaxis="predicted",
                yaxis="true",
            )
    logger.report_histogram("IoU by class", "validation", [dice.uniform(0.6, 0.95) for _ in CLASSES], 60, xlabels=CLASSES)
    logger.report_single_value("mean IoU", round(0.78 - seed / 50, 4))
    logger.report_single_value("latency ms", round(18.4 + seed, 1))
    worst = pandas.DataFrame(
        {"file": [f"scene_{n:04d}.png" for n in range(12)], "IoU": [round(0.2 + n / 40, 3) for n in range(12)]}
    )
    logger.report_table("Worst scenes", "validation", 60, table_plot=worst)
    task.upload_artifact("worst scenes", worst)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "best.pt"
        weights.write_bytes(numpy.random.default_rng(seed).bytes(200_000))
        model = OutputModel(
            task=task, name=f"{name} best", framework="PyTorch", label_enumeration=dict(zip(CLASSES, range(6), strict=True))
        )
        model.update_weights(str(weights), auto_delete_file=False)
        task.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
