"""Graphs drawn from left to right: where the boxes of a graph without cycles stand, and the curves between them."""

from __future__ import annotations

from dataclasses import dataclass

BOX = (184, 48)
GAP = (56, 16)
MOST = 400
"""Boxes of a graph at most; what comes after them is left out."""


@dataclass(frozen=True)
class Graph:
    """A drawing: its size, the corner (left, top) of each box by name, the paths of the edges."""

    width: int
    height: int
    boxes: dict[str, tuple[int, int]]
    edges: list[str]


def layout(parents: dict[str, list[str]]) -> Graph:
    """Place each name right of all its parents; unknown parents, and edges of a cycle, are left out."""
    known = dict(list(parents.items())[:MOST])
    edges = [(parent, name) for name, above in known.items() for parent in above if parent in known and parent != name]
    columns = _columns(list(known), edges)
    rows: dict[int, int] = {}
    boxes = {}
    for name in known:
        column = columns[name]
        boxes[name] = (column * (BOX[0] + GAP[0]) + 1, rows.get(column, 0) * (BOX[1] + GAP[1]) + 1)
        rows[column] = rows.get(column, 0) + 1
    width = (max(columns.values(), default=0) + 1) * (BOX[0] + GAP[0]) - GAP[0] + 2
    height = max(rows.values(), default=1) * (BOX[1] + GAP[1]) - GAP[1] + 2
    forward = [(left, right) for left, right in edges if columns[left] < columns[right]]
    return Graph(width, height, boxes, [_path(boxes[left], boxes[right]) for left, right in forward])


def _columns(names: list[str], edges: list[tuple[str, str]]) -> dict[str, int]:
    """The length of the longest way to each name; rounds end after as many as there are names, so cycles do no harm."""
    columns = dict.fromkeys(names, 0)
    for _ in names:
        moved = False
        for left, right in edges:
            if columns[right] <= columns[left] < len(names) - 1:
                columns[right] = columns[left] + 1
                moved = True
        if not moved:
            break
    return columns


def _path(left: tuple[int, int], right: tuple[int, int]) -> str:
    x, y = left[0] + BOX[0], left[1] + BOX[1] // 2
    end_x, end_y = right[0] - 2, right[1] + BOX[1] // 2
    middle = (x + end_x) // 2
    return f"M{x},{y} C{middle},{y} {middle},{end_y} {end_x},{end_y}"
