"""``trackyard config``: what a setting is and where it came from."""

from __future__ import annotations

import argparse
import sys

from trackyard.core.cli.command import Command
from trackyard.core.kernel import load_kernel
from trackyard.core.settings import HIDDEN, Origin, Settings, shown_value


def shown(key: str, origin: Origin) -> str:
    """``key = value (source)``; secrets are not shown."""
    value = shown_value(key, origin.value)
    return f"{key} = {value if value == HIDDEN else repr(value)}    # {origin.source}"


def explain(chosen: argparse.Namespace, settings: Settings) -> int:
    """Print one setting or all of them, with the place each comes from."""
    load_kernel(settings)
    origins = settings.explained()
    if chosen.key is None:
        print("\n".join(shown(key, origin) for key, origin in origins.items()))
        return 0
    if chosen.key not in origins:
        print(f"trackyard: no setting {chosen.key}; see trackyard config explain", file=sys.stderr)
        return 2
    print(shown(chosen.key, origins[chosen.key]))
    return 0


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``config explain``."""
    parser.add_argument("key", nargs="?", metavar="KEY", help="a setting, such as server.host (default: all)")


COMMANDS = [Command("config explain", "Tell the value of a setting and where it came from", explain, arguments)]
