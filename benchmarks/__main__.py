"""Run the benchmarks that are named, or all of them, and print their figures."""

import argparse
import importlib
import pkgutil
import sys
from pathlib import Path

from benchmarks.report import machine

HELPERS = {"filling", "loading", "report", "stub", "__main__"}

BY_NAME = {"events_full"}
"""Those that take long and run only when they are named."""


def names() -> list[str]:
    """Every module of this folder that measures something."""
    return sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name not in HELPERS)


def main() -> int:
    """Run them one after the other."""
    parser = argparse.ArgumentParser("benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"what to measure (default: all but {', '.join(BY_NAME)}): {', '.join(names())}")
    chosen = parser.parse_args().name or [name for name in names() if name not in BY_NAME]
    unknown = [name for name in chosen if name not in names()]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(names())}")
    for name in chosen:
        print(f"\n## {name}\n{machine()}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
