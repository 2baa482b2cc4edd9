"""What the client wrote of a dataset's versions: the graph, the content of one, and how two differ."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from trackyard.ui.calls import Data


def versions(text: str, rows: list[Data], path: str, chosen: str) -> tuple[dict[str, list[str]], dict[str, Data]]:
    """The graph of "Dataset Struct" (JSON written by the client, maybe broken) as parents and boxes; else the rows alone."""
    found = _struct(text)
    known = {row["id"]: row for row in rows}
    parents = {node["job_id"]: [found[key]["job_id"] for key in _keys(node) if key in found] for node in found.values()}
    titles = {node["job_id"]: f"{node.get('name') or ''} {node.get('version') or ''}".strip() for node in found.values()}
    for row in reversed(rows):
        parents.setdefault(row["id"], [])
    items = {}
    for name in parents:
        row = known.get(name, {})
        items[name] = {
            "title": row.get("version") or titles.get(name) or row.get("name") or name,
            "detail": f"{row['files']} files" if row.get("files") is not None else "another dataset" if not row else "",
            "status": row.get("status", "unknown"),
            "href": f"{path}?version={name}" if row else "",
            "current": name == chosen,
        }
    return parents, items


def _keys(node: Data) -> list[str]:
    """The keys of the versions above one."""
    above = node.get("parents")
    return [str(key) for key in above] if isinstance(above, list) else []


def _struct(text: str) -> dict[str, Data]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(key): node for key, node in found.items() if isinstance(node, dict) and isinstance(node.get("job_id"), str)}


def content(text: str) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of "Dataset Content", a CSV text of the client."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text), skipinitialspace=True) if row]
    except csv.Error:
        return [], []
    width = max((len(row) for row in rows), default=0)
    filled = [row + [""] * (width - len(row)) for row in rows]
    return (filled[0], filled[1:]) if filled else ([], [])


def difference(before: list[list[str]], after: list[list[str]]) -> list[Data]:
    """How the files of ``after`` differ from those of ``before``: {path, change, before, after}, sizes in bytes, by path."""
    old, new = ({row[0]: row[1:] for row in rows} for rows in (before, after))
    changed = []
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) == new.get(path):
            continue
        change = "added" if path not in old else "removed" if path not in new else "changed"
        changed.append({"path": path, "change": change, "before": size(old.get(path)), "after": size(new.get(path))})
    return changed


def size(cells: list[str] | None) -> int | None:
    """The size of a file: the first cell after its path; none if it is no number."""
    return int(cells[0]) if cells and cells[0].strip().isdecimal() else None


def table(head: list[str], rows: list[list[str]]) -> tuple[list[str], list[list[Any]]]:
    """The content as it is shown: sizes as numbers (bytes), heads without the sums that the client puts into them."""
    places = [index for index, name in enumerate(head) if "size" in name.lower()]
    names = [name.partition(" (")[0] for name in head]
    shown = [[_cell(value, index in places) for index, value in enumerate(row)] for row in rows]
    return names, shown


def _cell(value: str, is_size: bool) -> Any:
    return int(value) if is_size and value.strip().isdecimal() else value
