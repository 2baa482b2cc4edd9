"""Real parts that tests need: a missing one fails under ``CI=true`` and is a named skip elsewhere."""

import os
from pathlib import Path
from typing import NoReturn

import pytest

from tests.prepare import BUILD, environment_python


def missing(what: str) -> NoReturn:
    """End the test because a part is missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing: make test installs it")
    pytest.skip(f"{what} is missing")


def side_environment(name: str) -> Path:
    """The interpreter of an environment that ``tests/prepare.py`` makes."""
    if not (BUILD / name / ".ready").exists():
        missing(f"build/{name}")
    return environment_python(name)
