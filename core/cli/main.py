"""The entry point of ``trackyard``: parses, finds the command, and tells errors in one line."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from trackyard.core.cli import config, plugins, serve
from trackyard.core.cli.command import Command
from trackyard.core.contracts.metadata import StoreUnavailable
from trackyard.core.plugins import PluginFailure, PluginManager
from trackyard.core.settings import Settings, SettingsError

DEFAULT_FILE = "plugins.toml"
TALKATIVE = ("alembic", "apscheduler")
ESCAPED = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029) if code != ord("\t")}
"""Characters that end a line or steer a terminal, and what the log has in their place."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 is success, 1 a failure that was told, 2 a wrong use or setting."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        parser = build_parser([*own_commands(), *plugin_commands(arguments)])
        chosen = parser.parse_args(arguments)
        start_log(chosen.log_level.upper())
        command: Command = chosen.command
        return command.run(chosen, settings_of(chosen))
    except (SettingsError, PluginFailure) as error:
        print(f"trackyard: {error}", file=sys.stderr)
        return 2
    except StoreUnavailable as error:
        print(f"trackyard: {error}", file=sys.stderr)
        return 1


class OneLine(logging.Formatter):
    """Writes each message on one line, so that a name with line ends or terminal codes can't forge others."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.formatMessage`."""
        return super().formatMessage(record).translate(ESCAPED)


def start_log(level: str) -> None:
    """Log to the standard error; what libraries tell of their own working is left out unless everything is asked for."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    if level != "DEBUG":
        for name in TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)


def own_commands() -> list[Command]:
    """The kernel's commands."""
    return [*serve.COMMANDS, *config.COMMANDS, *plugins.COMMANDS]


def plugin_commands(arguments: Sequence[str]) -> list[Command]:
    """The plugins' commands; plugins are loaded only if the first words are not a command of the kernel's own."""
    words = [word for word in arguments if not word.startswith("-")]
    if words and any(command.name.split()[0] == words[0] for command in own_commands()):
        return []
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_common(early)
    manager = PluginManager(kernel_settings(early.parse_known_args(arguments)[0]))
    manager.load()
    found: list[Command] = manager.provided("commands")
    return found


def kernel_settings(arguments: argparse.Namespace) -> Settings:
    """The settings with the kernel's own tables declared."""
    settings = settings_of(arguments)
    serve.declare_tables(settings)
    return settings


def add_common(parser: argparse.ArgumentParser) -> None:
    """The arguments of every command."""
    parser.add_argument(
        "--config", type=Path, help="the settings' file (default: ./plugins.toml or DATA_DIR/plugins.toml, if there)"
    )
    parser.add_argument("--data-dir", type=Path, help="where everything is kept (default: $TRACKYARD_DATA_DIR or ~/.trackyard)")
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"], help="what the log tells")


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings that the common arguments and the environment name."""
    data_dir = (
        (arguments.data_dir or Path(os.environ.get("TRACKYARD_DATA_DIR", Path.home() / ".trackyard"))).expanduser().absolute()
    )
    path = arguments.config
    if path is None:
        path = next((candidate for candidate in (Path(DEFAULT_FILE), data_dir / DEFAULT_FILE) if candidate.is_file()), None)
    return Settings(path, flags=getattr(arguments, "flags", serve.flags)(arguments), data_dir=data_dir)


def build_parser(commands: Sequence[Command]) -> argparse.ArgumentParser:
    """The parser of all commands; names of two words become nested sub-commands."""
    parser = argparse.ArgumentParser(
        "trackyard", description="A self-hosted server for machine-learning experiments.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"trackyard {version('trackyard')}")
    top = parser.add_subparsers(required=True, metavar="COMMAND")
    groups: dict[str, argparse._SubParsersAction[argparse.ArgumentParser]] = {}
    for command in commands:
        first, _, second = command.name.partition(" ")
        if second and first not in groups:
            group = top.add_parser(first, help=f"see trackyard {first} --help")
            groups[first] = group.add_subparsers(required=True, metavar="COMMAND")
        place, name = (groups[first], second) if second else (top, first)
        child = place.add_parser(name, help=command.summary, description=command.summary, allow_abbrev=False)
        add_common(child)
        command.arguments(child)
        child.set_defaults(command=command)
    return parser
