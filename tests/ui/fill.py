"""A team's work, sent to a server as clients send it: projects, tasks in every status, curves, logs, plots, pictures, files."""

from __future__ import annotations

import json
import math
import random
import struct
import zlib
from typing import Any

import aiohttp
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY

MINUTE = 60_000
AUTHORIZATION = {"Authorization": aiohttp.encode_basic_auth(ACCESS_KEY, SECRET_KEY)}
PROJECTS = ["Vision/Segmentation", "Vision/Detection", "Language/Translation", "Forecasting/Demand"]
STATUSES = ["in_progress", "completed", "completed", "failed", "completed", "stopped", "created", "completed", "published"]
LOG = [
    ("INFO", "Loading 12,480 samples from the cache"),
    ("INFO", "\x1b[32mmodel ready\x1b[0m: 24,511,000 parameters"),
    ("WARNING", "WARNING: learning rate is high for this batch size"),
    (
        "ERROR",
        'Traceback (most recent call last):\n  File "train.py", line 88\n    main()\nRuntimeError: CUDA out of memory',
    ),
]


def picture(red: int, green: int, size: int = 96) -> bytes:
    """A PNG with a colour gradient, made without a library."""
    rows = b"".join(b"\0" + b"".join(bytes((red * x // size, green * y // size, 180)) for x in range(size)) for y in range(size))

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def scalars(task: str, now: int, dice: random.Random, points: int = 400) -> list[dict[str, Any]]:
    """Loss and accuracy of training and validation, and the monitor of the machine."""
    speed, floor, found = dice.uniform(0.006, 0.02), dice.uniform(0.08, 0.3), []
    for step in range(points):
        loss = floor + 2.1 * math.exp(-speed * step) + dice.gauss(0, 0.03)
        values = {
            ("loss", "train"): loss,
            ("loss", "validation"): loss * 1.12 + dice.gauss(0, 0.04),
            ("accuracy", "train"): 1 - loss / 2.6,
            ("accuracy", "validation"): 1 - loss / 2.3 + dice.gauss(0, 0.01),
            ("learning rate", "adam"): 0.001 * 0.99**step,
            (":monitor:machine", "cpu_usage"): 40 + 20 * math.sin(step / 9),
        }
        for (metric, variant), value in values.items():
            when = now - (points - step) * MINUTE // 4
            found.append(_scalar(task, metric, variant, step, value, when))
    return [
        *found,
        *(_scalar(task, "Summary", name, -(2**31), dice.uniform(0.7, 0.99), now) for name in ("test accuracy", "mean IoU")),
    ]


def _scalar(task: str, metric: str, variant: str, step: int, value: float, when: int) -> dict[str, Any]:
    return {
        "type": "training_stats_scalar",
        "task": task,
        "metric": metric,
        "variant": variant,
        "iter": step,
        "value": value,
        "timestamp": when,
    }


def lines(task: str, now: int, failed: bool, count: int = 600) -> list[dict[str, Any]]:
    """The console: a start, many steps, and an error at the end of a failed run."""
    steps = [
        ("INFO", f"epoch {number // 40:02d} step {number:05d}  loss {2.1 * math.exp(-number / 200):.4f}")
        for number in range(count)
    ]
    written = [*LOG[:3], *steps, *(LOG[3:] if failed else [])]
    return [
        {"type": "log", "task": task, "level": level, "msg": text + "\n", "timestamp": now - (len(written) - index) * 500}
        for index, (level, text) in enumerate(written)
    ]


def plots(task: str, now: int, dice: random.Random) -> list[dict[str, Any]]:
    """A confusion matrix, a scatter, bars, parallel coordinates and a table, as the SDK sends them."""
    matrix = [[dice.randint(80, 140) if row == column else dice.randint(0, 14) for column in range(6)] for row in range(6)]
    figures = {
        ("Confusion matrix", "validation"): {
            "data": [{"type": "heatmap", "z": matrix, "colorscale": "Blues"}],
            "layout": {"title": "Confusion matrix", "xaxis": {"title": "predicted"}, "yaxis": {"title": "true"}},
        },
        ("Embedding", "PCA"): {
            "data": [
                {
                    "type": "scattergl",
                    "mode": "markers",
                    "name": f"class {kind}",
                    "x": [dice.gauss(kind, 1) for _ in range(80)],
                    "y": [dice.gauss(-kind, 1) for _ in range(80)],
                }
                for kind in range(3)
            ],
            "layout": {"title": "Embedding"},
        },
        ("Weights", "layer 1"): {
            "data": [{"type": "bar", "x": list(range(24)), "y": [math.exp(-((x - 12) ** 2) / 30) for x in range(24)]}],
            "layout": {"title": "Weights"},
        },
        ("Trials", "optimizer"): {
            "data": [
                {
                    "type": "parcoords",
                    "dimensions": [
                        {"label": "rate", "values": [0.1, 0.01, 0.001]},
                        {"label": "model", "values": [0, 1, 0], "tickvals": [0, 1], "ticktext": ["small", "large"]},
                        {"label": "loss", "values": [0.9, 0.4, 0.5]},
                    ],
                }
            ],
            "layout": {},
        },
        ("Worst samples", "table"): {
            "data": [
                {
                    "type": "table",
                    "header": {"values": ["file", "loss"]},
                    "cells": {"values": [[f"img_{n:04d}.png" for n in range(8)], [round(2 - n * 0.1, 3) for n in range(8)]]},
                }
            ],
            "layout": {},
        },
    }
    return [
        {
            "type": "plot",
            "task": task,
            "metric": metric,
            "variant": variant,
            "iter": step,
            "timestamp": now - MINUTE + step,
            "plot_str": json.dumps(figure),
        }
        for (metric, variant), figure in figures.items()
        for step in (0, 100, 200)
    ]


async def upload(api: Api, path: str, content: bytes, kind: str) -> str:
    """Store a file as the SDK does; its address."""
    form = aiohttp.FormData()
    form.add_field(path, content, filename=path.rpartition("/")[2], content_type=kind)
    async with api.session.post(f"{api.urls['files']}/", data=form, headers=AUTHORIZATION) as response:
        assert response.status == 200, await response.text()
    return f"{api.urls['files']}/{path}"


async def pictures(api: Api, task: str, now: int) -> list[dict[str, Any]]:
    """Debug samples of three iterations, uploaded."""
    events = []
    for step in (0, 100, 200):
        for variant in ("input", "mask", "prediction"):
            path = f"Vision/run.{task}/metrics/samples/{variant}/{step}.png"
            address = await upload(api, path, picture(step + 40, 60 * len(variant) % 255), "image/png")
            events.append(
                {
                    "type": "training_debug_image",
                    "task": task,
                    "metric": "samples",
                    "variant": variant,
                    "iter": step,
                    "timestamp": now + step,
                    "url": address,
                    "key": path,
                }
            )
    return events


PREVIEW = "    name  score\n0  alpha   0.91\n1   beta   0.87"


async def artifact(api: Api, task: str) -> None:
    """A CSV file with a preview."""
    content = b"name,score\nalpha,0.91\nbeta,0.87\n"
    address = await upload(api, f"Vision/run.{task}/artifacts/predictions/predictions.csv", content, "text/csv")
    item = {
        "key": "predictions",
        "type": "pandas",
        "mode": "output",
        "uri": address,
        "content_size": len(content),
        "hash": "f" * 64,
        "timestamp": 1_700_000_000,
        "type_data": {"preview": PREVIEW, "content_type": "text/csv"},
        "display_data": [["rows", "2"]],
    }
    await api.call("tasks.add_or_update_artifacts", task=task, force=True, artifacts=[item])


DIFF = """\
diff --git a/train.py b/train.py
--- a/train.py
+++ b/train.py
@@ -1,3 +1,4 @@
 import torch
-rate = 0.1
+rate = 0.01
+# warm up first
"""
SCRIPT = {
    "repository": "https://git.example.org/vision/segmentation.git",
    "branch": "main",
    "version_num": "4f0c2d9e",
    "entry_point": "train.py",
    "working_dir": ".",
    "binary": "python3.11",
    "diff": DIFF,
    "requirements": {"pip": "torch==2.9.0\nnumpy==2.3.4\npandas==2.3.3\n"},
}


def draft(number: int, dice: random.Random, project: str) -> dict[str, Any]:
    """The body of ``tasks.create``."""
    kind = ["unet-baseline", "unet-large", "deeplab", "segformer-b2"][number % 4]
    rate, batch = dice.choice([0.1, 0.01, 0.003, 0.001]), dice.choice([16, 32, 64])
    values = {
        "Args": {"learning_rate": str(rate), "batch_size": str(batch), "epochs": "50", "seed": str(number)},
        "General": {"model": kind, "augment": str(number % 2 == 0)},
    }
    parameters = {
        section: {name: {"section": section, "name": name, "value": value, "type": "str"} for name, value in items.items()}
        for section, items in values.items()
    }
    yaml = "encoder: resnet50\ndecoder:\n  depth: 4\n"
    return {
        "name": f"{kind} run {number:03d}",
        "project": project,
        "type": ["training", "training", "testing", "data_processing"][number % 4],
        "tags": [["baseline"], ["ablation", "v2"], [], ["nightly"]][number % 4],
        "comment": "Trains with **mixed precision** on two cards.\n\n- cosine schedule\n- [paper](https://example.org)",
        "hyperparams": parameters,
        "configuration": {"model": {"name": "model", "type": "yaml", "value": yaml}},
        "script": SCRIPT,
        "container": {"image": "nvidia/cuda:12.6", "arguments": "--ipc=host"},
    }


async def advance(api: Api, task: str, status: str) -> None:
    """Bring a draft to a status as clients do."""
    if status == "created":
        return
    await api.call("tasks.started", task=task)
    if status in ("completed", "published"):
        await api.call("tasks.completed", task=task)
    if status == "published":
        await api.call("tasks.publish", task=task)
    if status == "failed":
        await api.call("tasks.failed", task=task, status_reason="exit code 1", status_message="RuntimeError: CUDA out of memory")
    if status == "stopped":
        await api.call("tasks.stopped", task=task)


async def fill(api: Api, now: int, tasks: int = 36, *, files: bool = True, rich: int = 6) -> list[str]:
    """Fill a server; the ids of the tasks. The first ``rich`` ones have everything, the others curves only."""
    dice = random.Random(7)
    projects = [
        (await api.call("projects.create", {"name": name, "description": f"# {name}\n\nWhat we try here."}))["id"]
        for name in PROJECTS
    ]
    made = []
    for number in range(tasks):
        body = draft(number, dice, projects[number % 7 % len(projects)])
        parent = {"parent": made[number - 4]} if number % 5 == 4 else {}
        task = (await api.call("tasks.create", body | parent))["id"]
        made.append(task)
        status = STATUSES[number % len(STATUSES)]
        if status != "created":
            await api.call("tasks.started", task=task)
            await _results(api, task, now, dice, failed=status == "failed", rich=number < rich, files=files)
        await advance(api, task, status)
        await api.call("tasks.edit", task=task, force=True, runtime={"progress": str(number * 7 % 100), "python": "3.11.9"})
    await api.call("tasks.enqueue", task=made[6], queue_name="gpu")
    return made


async def _results(api: Api, task: str, now: int, dice: random.Random, *, failed: bool, rich: bool, files: bool) -> None:
    events = scalars(task, now, dice, 400 if rich else 60) + lines(task, now, failed, 600 if rich else 20)
    if rich:
        events += plots(task, now, dice)
    if rich and files:
        events += await pictures(api, task, now)
        await artifact(api, task)
    for start in range(0, len(events), 2000):
        answer = await api.batch("events.add_batch", events[start : start + 2000])
        assert answer.codes == (200, 0), answer.meta
