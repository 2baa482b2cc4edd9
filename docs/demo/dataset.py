"""A dataset of three versions, made with ``clearml.Dataset``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy
from clearml import Dataset


def write(folder: Path, names: list[str], seed: int) -> None:
    """Small files with content of their own."""
    for at, name in enumerate(names):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(numpy.random.default_rng(seed + at).bytes(4_000 + 700 * at))


def main() -> None:
    """Scenes, then more of them, then a correction."""
    versions: list[str] = []
    changes = [(list(range(8)), 0), (list(range(8, 14)), 50), ([2, 3], 90)]
    for number, (scenes, seed) in enumerate(changes):
        made = Dataset.create(
            dataset_project="Vision", dataset_name="road-scenes", dataset_version=f"1.{number}.0", parent_datasets=versions[-1:],
            dataset_tags=["checked"] if number == 2 else [], description="Scenes of the *city fleet*, one week each.",
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write(folder, [f"images/scene_{scene:04d}.png" for scene in scenes], seed)
            write(folder, ["labels.csv"], seed + 20)
            made.add_files(folder)
            if number == 2:
                made.remove_files("images/scene_0001.png")
            if number == 0:
                made.get_logger().report_histogram("Scenes by hour", "count", [3, 9, 14, 22, 18, 7], 0)
            made.upload(show_progress=False)
            made.finalize()
        versions.append(made.id)


if __name__ == "__main__":
    main()
