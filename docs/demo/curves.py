"""Curves, logs and pictures as trainings write them, made up."""

from __future__ import annotations

import json
import math
import random
import time
from typing import Any

MINUTE = 60_000


def events_of(task: str, dice: random.Random, failed: bool, quality: float) -> list[dict[str, Any]]:
    """Scalars over 80 iterations and the console of a training; ``quality`` (0…1) decides how good it gets."""
    now = int(time.time() * 1000)
    speed, floor = dice.uniform(0.02, 0.06), 0.9 - 0.7 * quality
    steps = dice.randint(18, 50) if failed else 80
    found = []
    for step in range(steps):
        loss = floor + 1.9 * math.exp(-speed * step) + dice.gauss(0, 0.025)
        shown = {
            ("loss", "train"): loss,
            ("loss", "validation"): loss * 1.1 + dice.gauss(0, 0.03),
            ("accuracy", "validation"): max(0.0, 1 - loss / 2.6 + dice.gauss(0, 0.01)),
            ("learning rate", "adam"): 0.003 * 0.97**step,
            (":monitor:gpu", "gpu_0_utilization"): 84 + 12 * math.sin(step / 5) + dice.gauss(0, 2),
        }
        when = now - (steps - step) * MINUTE // 2
        found += [scalar(task, name, step, value, when) for name, value in shown.items()]
        text = f"epoch {step:03d}  loss {loss:.4f}  lr {0.003 * 0.97**step:.6f}"
        found.append({"type": "log", "task": task, "level": "INFO", "msg": text, "timestamp": when})
    if failed:
        text = 'Traceback (most recent call last):\n  File "train.py", line 118, in step\nRuntimeError: CUDA out of memory'
        found.append({"type": "log", "task": task, "level": "ERROR", "msg": text, "timestamp": now})
    return found


def scalar(task: str, name: tuple[str, str], step: int, value: float, when: int) -> dict[str, Any]:
    """One point of a curve."""
    metric, variant = name
    kind = "training_stats_scalar"
    return {"type": kind, "task": task, "metric": metric, "variant": variant, "iter": step, "value": value, "timestamp": when}


def lines(events: list[dict[str, Any]]) -> str:
    """Events as the body of ``events.add_batch``."""
    return "\n".join(json.dumps(event) for event in events)


def machine(dice: random.Random, busy: bool) -> dict[str, Any]:
    """What a worker tells of its machine: percent, megabytes, megabytes per second."""
    load = dice.uniform(55, 92) if busy else dice.uniform(2, 9)
    used = int(60_000 * load / 100)
    return {
        "cpu_usage": [load * 0.6],
        "gpu_usage": [load],
        "memory_used": used,
        "memory_free": 128_000 - used,
        "gpu_memory_used": [int(800 * load)],
        "gpu_memory_free": [81_000 - int(800 * load)],
        "network_rx": int(load * 0.4),
        "network_tx": int(load * 0.2),
    }
