"""The plugin manager: finds plugins by entry point, configures, orders, starts and stops them, and isolates their failures.

There is no list of built-in plugins: what comes with Trackyard is found in the entry-point group ``trackyard`` as a
third-party package is.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import pluggy
from trackyard.core import hookspecs
from trackyard.core.plugin import Plugin
from trackyard.core.settings import Settings, SettingsError

if TYPE_CHECKING:
    from trackyard.core.kernel import Kernel

GROUP = "trackyard"
LOAD_DEADLINE = 30.0
START_DEADLINE = 30.0
STOP_DEADLINE = 10.0
T = TypeVar("T")
log = logging.getLogger(__name__)


class PluginsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[plugins]``: plugins that are switched off, and plugins that come first, by name."""

    disabled: list[str] = []
    order: list[str] = []


class State(StrEnum):
    """Where a plugin is in its life cycle."""

    FOUND = "found"
    DISABLED = "disabled"
    REGISTERED = "registered"
    CONFIGURED = "configured"
    STARTED = "started"
    STOPPED = "stopped"
    FAILED = "failed"


class PluginFailure(Exception):
    """The server can't go on: an essential plugin failed. The message names it."""


@dataclass
class Record:
    """What is known of one plugin; ``error`` is one line, ``trace`` is for administrators."""

    name: str
    distribution: str
    version: str
    entry: EntryPoint
    state: State = State.FOUND
    error: str = ""
    trace: str = ""
    kind: type[Plugin] | None = None
    plugin: Plugin | None = None
    provided: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The plugin's own sentence about itself."""
        return self.kind.summary if self.kind else ""

    @property
    def table(self) -> str:
        """The plugin's table in ``plugins.toml``."""
        return (self.kind.table if self.kind else "") or self.name

    def fail(self, step: str, error: BaseException) -> None:
        """Mark as failed in ``step`` and withdraw all that it registered."""
        self.state = State.FAILED
        self.error = f"{step}: {type(error).__name__}: {error}"
        self.trace = "".join(traceback.format_exception(error))
        self.provided = {}
        log.error("plugin %s failed at %s", self.name, self.error)
        log.debug("%s", self.trace)


def in_time(work: Callable[[], T], seconds: float, what: str) -> T:
    """Run ``work`` in a thread of its own and give its result; raises `TimeoutError` if it takes longer."""
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["value"] = work()
        except BaseException as error:
            outcome["error"] = error

    thread = threading.Thread(target=run, name=what, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"did not come back within {seconds:g} s")
    if "error" in outcome:
        raise outcome["error"]
    value: T = outcome["value"]
    return value


class PluginManager:
    """Every plugin of this process, by name, and what each registered."""

    def __init__(self, settings: Settings, entries: Iterable[EntryPoint] | None = None) -> None:
        self._settings = settings
        self.choice = settings.take("plugins", PluginsSettings)
        self._pluggy = pluggy.PluginManager(hookspecs.PROJECT)
        self._pluggy.add_hookspecs(hookspecs)
        found = entry_points(group=GROUP) if entries is None else entries
        self.records = _records(found)
        self._started: list[Record] = []
        self._order: list[Record] | None = None
        self._providers: dict[str, list[Record]] = {}

    def load(self) -> None:
        """Import, configure and register all enabled plugins; raises `SettingsError` and `PluginFailure`."""
        self._refuse_unknown_names()
        for record in self.records.values():
            if record.state is State.FOUND:
                self._import(record)
        failed = [record.name for record in self.records.values() if record.state is State.FAILED]
        for record in self.records.values():
            if record.kind is not None:
                self._settings.declare(record.table, record.kind.settings_type)
        for record in self._ordered():
            self._configure(record)
        self._settings.refuse_unknown_tables(tolerated=failed)
        for record in self._ordered():
            self._register(record)
        self._refuse_failed_essentials()
        # every call asks for these
        self._order = self._ordered()
        self._providers = {hook: [record for record in self._order if hook in record.provided] for hook in _hooks(self._order)}

    def provided(self, hook: str) -> list[Any]:
        """All objects registered by ``hook`` (without the prefix ``trackyard_``), in the plugins' order."""
        return [item for _, item in self.providers(hook)]

    def providers(self, hook: str) -> list[tuple[str, Any]]:
        """As `provided`, with the name of the plugin that registered each object."""
        full = f"trackyard_{hook}"
        # a record that failed meanwhile provides nothing any more
        return [(record.name, item) for record in self._providers.get(full, []) for item in record.provided.get(full, [])]

    def failed(self) -> list[Record]:
        """The plugins that failed."""
        return [record for record in self.records.values() if record.state is State.FAILED]

    async def start(self, kernel: Kernel) -> None:
        """Start all registered plugins in order, each within the deadline."""
        for record in self._ordered():
            if record.plugin is None or record.state is State.FAILED or self._lacks_needs(record):
                continue
            self._started.append(record)
            try:
                await asyncio.wait_for(record.plugin.start(kernel), START_DEADLINE)
                record.state = State.STARTED
            except Exception as error:
                record.fail("start", error)
        self._refuse_failed_essentials()

    async def stop(self) -> None:
        """Stop what was started, the last one first, each within the deadline."""
        for record in reversed(self._started):
            assert record.plugin is not None  # noqa: S101 - only such records are started
            try:
                await asyncio.wait_for(record.plugin.stop(), STOP_DEADLINE)
                if record.state is State.STARTED:
                    record.state = State.STOPPED
            except Exception as error:
                record.fail("stop", error)
        self._started.clear()

    def _refuse_unknown_names(self) -> None:
        for key in ("disabled", "order"):
            for name in getattr(self.choice, key):
                if name not in self.records:
                    source = self._settings.explain(f"plugins.{key}").source
                    raise SettingsError(source, f"plugins.{key}", repr(name), f"one of {', '.join(self.records)}")

    def _import(self, record: Record) -> None:
        disabled = record.name in self.choice.disabled
        try:
            record.kind = in_time(lambda: _plugin_class(record.entry), LOAD_DEADLINE, f"import {record.name}")
            record.version = record.kind.version or record.version
        except Exception as error:
            if not disabled:
                record.fail("import", error)
        if disabled:
            record.state = State.DISABLED
            if record.kind is not None and record.kind.essential:
                source = self._settings.explain("plugins.disabled").source
                raise SettingsError(source, "plugins.disabled", repr(record.name), "a plugin that the server can do without")

    def _configure(self, record: Record) -> None:
        if record.kind is None or record.state in (State.DISABLED, State.FAILED):
            return
        settings = self._settings.take(record.table, record.kind.settings_type)
        try:
            record.plugin = record.kind(settings)
            record.state = State.CONFIGURED
        except Exception as error:
            record.fail("configuration", error)

    def _register(self, record: Record) -> None:
        if record.plugin is None or record.state is State.FAILED or self._lacks_needs(record):
            return
        plugin = record.plugin
        try:
            self._pluggy.register(plugin, record.name)
            self._pluggy.check_pending()
            in_time(lambda: self._ask(record, plugin), LOAD_DEADLINE, f"register {record.name}")
            record.state = State.REGISTERED
        except Exception as error:
            # what stays registered would be checked again with every later plugin
            if self._pluggy.get_plugin(record.name) is plugin:
                self._pluggy.unregister(plugin)
            record.fail("registration", error)

    def _ask(self, record: Record, plugin: Plugin) -> None:
        for caller in self._pluggy.get_hookcallers(plugin) or []:
            own = [impl for impl in caller.get_hookimpls() if impl.plugin is plugin]
            # a plugin's answer is what it says it is once the list is walked: a wrong type is the plugin's failure
            answers: list[Any] = [impl.function() for impl in own]
            record.provided[caller.name] = [item for answer in answers for item in answer]

    def _lacks_needs(self, record: Record) -> bool:
        assert record.kind is not None  # noqa: S101 - asked for imported plugins only
        missing = [name for name in record.kind.needs if not self._usable(name)]
        if missing and record.state is not State.FAILED:
            record.fail("needs", LookupError(f"{', '.join(missing)} (disabled, failed or not installed)"))
        return bool(missing)

    def _usable(self, name: str) -> bool:
        record = self.records.get(name)
        return record is not None and record.state not in (State.DISABLED, State.FAILED)

    def _refuse_failed_essentials(self) -> None:
        for record in self.failed():
            if record.kind is not None and record.kind.essential:
                raise PluginFailure(
                    f"plugin {record.name}, which the server can't do without, failed at {record.error}\n{record.trace}"
                )

    def _ordered(self) -> list[Record]:
        """Plugins named in ``[plugins] order`` first, then by name; each after the plugins that it needs."""
        if self._order is not None:
            return self._order
        first = {name: index for index, name in enumerate(self.choice.order)}
        ranked = sorted(self.records.values(), key=lambda record: (first.get(record.name, len(first)), record.name))
        done: dict[str, Record] = {}

        def place(record: Record, above: tuple[str, ...]) -> None:
            if record.name in done or record.name in above:
                return
            for need in record.kind.needs if record.kind else ():
                if need in self.records:
                    place(self.records[need], (*above, record.name))
            done[record.name] = record

        for record in ranked:
            place(record, ())
        return list(done.values())


def _hooks(records: Iterable[Record]) -> set[str]:
    """The hooks by which any of the plugins registered something."""
    return {hook for record in records for hook in record.provided}


def _records(entries: Iterable[EntryPoint]) -> dict[str, Record]:
    """A record of each plugin by name. Of two of one name ours stays, else the first; the other one is shown as failed."""
    records: dict[str, Record] = {}
    found = [_record(entry) for entry in entries]
    for record in sorted(found, key=lambda record: (record.name, record.distribution != GROUP, record.distribution)):
        if other := records.get(record.name):
            taken = ValueError(f"a plugin of {other.distribution or other.entry.value} has the name {record.name}")
            record.name += f" ({record.distribution or record.entry.value})"
            record.fail("import", taken)
        records[record.name] = record
    return records


def _record(entry: EntryPoint) -> Record:
    dist = entry.dist
    return Record(entry.name, dist.name if dist else "", dist.version if dist else "", entry)


def _plugin_class(entry: EntryPoint) -> type[Plugin]:
    found = entry.load()
    if not (isinstance(found, type) and issubclass(found, Plugin)):
        raise TypeError(f"{entry.value} is {found!r}, not a subclass of trackyard.core.plugin.Plugin")
    if found.name != entry.name:
        raise ValueError(f"its entry point is called {entry.name!r}, the plugin calls itself {found.name!r}")
    return found
