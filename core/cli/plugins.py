"""``trackyard plugins``: list, show, check, enable and disable plugins."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec
from trackyard.core import settings_file
from trackyard.core.cli.command import Command
from trackyard.core.plugins import PluginManager, Record
from trackyard.core.scaffold import ScaffoldError, kinds, write_package
from trackyard.core.settings import Settings


def _loaded(settings: Settings) -> PluginManager:
    from trackyard.core.cli.serve import declare_tables

    declare_tables(settings)
    manager = PluginManager(settings)
    manager.load()
    return manager


def list_plugins(chosen: argparse.Namespace, settings: Settings) -> int:
    """One line for each plugin: name, version, state, summary or error."""
    for record in _loaded(settings).records.values():
        told = record.error or record.summary
        print(f"{record.name:<24} {record.version:<10} {record.state:<11} {told}")
    return 0


def show(chosen: argparse.Namespace, settings: Settings) -> int:
    """Everything about one plugin: what it provides, its settings, its last error with the trace."""
    record = _loaded(settings).records.get(chosen.name)
    if record is None:
        print(f"trackyard: no plugin {chosen.name}; see trackyard plugins list", file=sys.stderr)
        return 2
    print(f"{record.name} {record.version} ({record.distribution}): {record.summary}\nstate: {record.state}")
    _show_provided(record)
    _show_settings(record, settings)
    if record.trace:
        print(record.trace)
    return 0


def _show_provided(record: Record) -> None:
    for hook, items in sorted(record.provided.items()):
        names = ", ".join(
            str(getattr(item, "name", None) or getattr(item, "path", None) or type(item).__name__) for item in items
        )
        print(f"{hook}: {len(items)} ({names})")


def _show_settings(record: Record, settings: Settings) -> None:
    for field in msgspec.structs.fields(record.kind.settings_type) if record.kind else ():
        origin = settings.explained().get(f"{record.table}.{field.encode_name}")
        if origin is not None:
            print(f"[{record.table}] {field.encode_name} = {origin.value!r}    # {origin.source}")


def check(chosen: argparse.Namespace, settings: Settings) -> int:
    """Load every plugin; 1 if any failed."""
    failed = _loaded(settings).failed()
    for record in failed:
        print(f"{record.name}: {record.error}\n{record.trace}")
    print(f"{len(failed)} failed" if failed else "all plugins are well")
    return 1 if failed else 0


def enable(chosen: argparse.Namespace, settings: Settings) -> int:
    """Take the plugin out of ``[plugins] disabled``."""
    return _switch(chosen, settings, disabled=False)


def disable(chosen: argparse.Namespace, settings: Settings) -> int:
    """Put the plugin into ``[plugins] disabled``."""
    return _switch(chosen, settings, disabled=True)


def _switch(chosen: argparse.Namespace, settings: Settings, *, disabled: bool) -> int:
    manager = _loaded(settings)
    record = manager.records.get(chosen.name)
    if record is None:
        print(f"trackyard: no plugin {chosen.name}; see trackyard plugins list", file=sys.stderr)
        return 2
    if disabled and record.kind is not None and record.kind.essential:
        print(f"trackyard: the server can't do without {chosen.name}", file=sys.stderr)
        return 2
    path = settings_file.switch(settings, chosen.name, enabled=not disabled)
    print(f"{chosen.name} is {'disabled' if disabled else 'enabled'} in {path}; restart the server")
    return 0


def new(chosen: argparse.Namespace, settings: Settings) -> int:
    """Write a package that installs, is found by the server, and passes its own tests."""
    try:
        written = write_package(chosen.name, chosen.kind, chosen.folder)
    except ScaffoldError as error:
        print(f"trackyard: {error}", file=sys.stderr)
        return 2
    print("\n".join(map(str, written)))
    print(f"now: pip install -e {chosen.folder / chosen.name}'[test]' && pytest {chosen.folder / chosen.name}")
    return 0


def _new_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the plugin's name: lower-case letters, digits and dashes")
    parser.add_argument("--kind", choices=kinds(), default="endpoint", help="what the plugin adds (default: endpoint)")
    parser.add_argument("--folder", type=Path, default=Path(), help="where its folder is made (default: here)")


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the plugin's name")


COMMANDS = [
    Command("plugins list", "List all plugins and their state", list_plugins),
    Command("plugins show", "Show one plugin: what it provides, its settings, its last error", show, _name),
    Command("plugins new", "Write the package of a new plugin", new, _new_arguments),
    Command("plugins check", "Load all plugins and tell which fail", check),
    Command("plugins enable", "Enable a plugin", enable, _name),
    Command("plugins disable", "Disable a plugin", disable, _name),
]
