"""Projections: ``only_fields`` says which parts of the documents are answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trackyard.core.entities import paths
from trackyard.core.entities.fields import Kind, Storage
from trackyard.core.errors import unknown_field, validation
from trackyard.core.query.targets import readings
from trackyard.core.store.metrics import Key

MOST_FIELDS = 5000


@dataclass
class Node:
    """What is wanted of a value: the whole of it, or parts by key."""

    whole: bool = False
    children: dict[str, Node] = field(default_factory=dict)

    def want(self, segments: tuple[str, ...]) -> None:
        """Add a path below this node."""
        node = self
        for segment in segments:
            node = node.children.setdefault(segment, Node())
        node.whole = True

    def at(self, segments: tuple[str, ...]) -> Node:
        """The node at a path below this one; an empty one where nothing was asked for."""
        node = self
        for segment in segments:
            node = node.children.get(segment, Node())
        return node


@dataclass
class Projection:
    """A checked projection of a kind. ``tree`` has a child for each top name; ``left_out`` are excluded paths."""

    kind: Kind
    tree: Node
    left_out: list[tuple[str, ...]]
    explicit: bool

    @property
    def names(self) -> set[str]:
        """The top names to read."""
        return set(self.tree.children)

    @property
    def metric_keys(self) -> set[Key] | None:
        """The (metric hash, variant hash) that are wanted of ``last_metrics``, or None for all."""
        wanted = self.tree.at(("last_metrics",))
        if wanted.whole or any(metric.whole for metric in wanted.children.values()):
            return None
        return {(metric, variant) for metric, below in wanted.children.items() for variant in below.children}

    def apply(self, document: dict[str, Any]) -> dict[str, Any]:
        """The wanted parts of a document."""
        picked = {name: pick(document[name], node) for name, node in self.tree.children.items() if name in document}
        for segments in self.left_out:
            picked = drop(picked, segments)
        return picked


def parse(kind: Kind, given: Any, *, expand: bool) -> Projection:
    """Read ``only_fields``. An unknown top name, or a path through a reference that is not expanded, is 400/14.

    A name with ``-`` before it is left out; without any name to take, everything else is taken. ``*`` is everything.
    """
    names = [given] if isinstance(given, str) else given or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise validation("only_fields", "a list of field names is expected")
    if len(names) > MOST_FIELDS:
        raise validation("only_fields", f"more than {MOST_FIELDS} names")
    tree = Node()
    left_out = [_checked(kind, name[1:], expand=expand) for name in names if name.startswith("-")]
    taken = [name for name in names if not name.startswith("-")]
    for name in taken:
        if name == "*":
            _want_all(kind, tree)
        else:
            for reading in readings(_checked(kind, name, expand=expand)):
                tree.want(reading)
    if not taken:
        _want_all(kind, tree)
    if expand:
        tree.want(("id",))
    return Projection(kind, tree, left_out, bool(taken))


def _want_all(kind: Kind, tree: Node) -> None:
    for field_ in kind.fields.values():
        if field_.unasked:
            tree.want((field_.name,))


def _checked(kind: Kind, name: str, *, expand: bool) -> tuple[str, ...]:
    segments = paths.split(name)
    found = kind.fields.get(segments[0])
    if found is None or found.private:
        raise unknown_field(name)
    if len(segments) > 1 and found.storage is Storage.COLUMN and not (expand and found.refers):
        raise unknown_field(name)
    return segments


def pick(value: Any, node: Node) -> Any:
    """The wanted parts of a value. The dicts on the way to a part that is missing are still there."""
    if node.whole:
        return value
    if isinstance(value, list):
        return [pick(item, node) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: pick(value[key], child) for key, child in node.children.items() if key in value}


def drop(value: Any, segments: tuple[str, ...]) -> Any:
    """The value without what is at ``segments``."""
    if isinstance(value, list):
        return [drop(item, segments) for item in value]
    if not isinstance(value, dict) or segments[0] not in value:
        return value
    if len(segments) == 1:
        return {key: below for key, below in value.items() if key != segments[0]}
    return {key: drop(below, segments[1:]) if key == segments[0] else below for key, below in value.items()}
