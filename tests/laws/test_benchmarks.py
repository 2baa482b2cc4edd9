"""Every benchmark can be run by its name, and is described."""

import importlib
from pathlib import Path

import pytest

from benchmarks.__main__ import names


@pytest.mark.parametrize("name", names())
def test_benchmark_has_a_main_and_a_line_in_the_readme(name: str) -> None:
    """`make bench` calls ``main`` of each."""
    assert callable(importlib.import_module(f"benchmarks.{name}").main)
    readme = Path(__file__).resolve().parents[2] / "benchmarks" / "README.md"
    assert f"| `{name}` |" in readme.read_text()
