"""The command ``trackyard``: its own sub-commands and those that plugins register."""

from trackyard.core.cli.main import main

__all__ = ["main"]
