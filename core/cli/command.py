"""A sub-command of ``trackyard``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from trackyard.core.settings import Settings


@dataclass(frozen=True)
class Command:
    """A sub-command: ``arguments`` adds its own to the parser; ``run`` gets them with the settings and gives the exit code.

    ``name`` may have two words (``user create``).
    """

    name: str
    summary: str
    run: Callable[[argparse.Namespace, Settings], int]
    arguments: Callable[[argparse.ArgumentParser], None] = lambda parser: None
