"""Parts of the pages that manage which need no server."""

from __future__ import annotations

import pytest
from trackyard.ui.datasets.versions import content, versions
from trackyard.ui.graph import BOX, GAP, layout
from trackyard.ui.pipelines.steps import steps
from trackyard.ui.workers import meters


def test_meters_are_parts_of_a_whole() -> None:
    """Memory is drawn as percent of all memory, network on a scale of its own; what a machine lacks is a dash."""
    found = {
        meter["name"]: meter
        for meter in meters(
            {
                "cpu_usage": [10.0, 42.0],
                "memory_used": [1.0, 3.0],
                "memory_free": [3.0, 1.0],
                "network_rx": [4.0],
                "network_tx": [1.0],
            }
        )
    }
    assert found["CPU"]["last"] == "42%"
    assert found["Memory"]["points"] == [25.0, 75.0]
    assert found["GPU"] == {"name": "GPU", "points": [], "top": 100.0, "last": "–"}
    assert (found["Network"]["top"], found["Network"]["last"]) == (5.0, "5.0 MB/s")


def test_a_graph_goes_from_left_to_right() -> None:
    """Each box is right of all its parents, none on another; unknown parents are left out."""
    graph = layout({"a": [], "b": ["a", "unknown"], "c": ["a"], "d": ["c", "a"]})
    step = BOX[0] + GAP[0]
    assert {name: (left - 1) // step for name, (left, _) in graph.boxes.items()} == {"a": 0, "b": 1, "c": 1, "d": 2}
    assert len(set(graph.boxes.values())) == 4
    assert len(graph.edges) == 4


def test_a_cycle_does_no_harm() -> None:
    """Names that wait for each other, or for themselves, are drawn all the same."""
    graph = layout({"a": ["b"], "b": ["a"], "c": ["c"]})
    assert set(graph.boxes) == {"a", "b", "c"}


@pytest.mark.parametrize("text", ["", "no json", "[1]", "null", '{"a": 1}', '{"a": {"parents": 5}}'])
def test_broken_objects_of_clients_are_borne(text: str) -> None:
    """What a client wrote in a wrong shape gives fewer steps and versions, not an error."""
    assert all(step["parents"] == [] for step in steps(text).values())
    assert versions(text, [], "/datasets/x", "") == ({}, {})


def test_the_content_of_a_dataset_is_a_table() -> None:
    """Rows of different lengths are filled; quoted names keep their commas."""
    head, files = content('File Name (1 files), File Size, Hash\n"a, b.png", 5\n')
    assert head == ["File Name (1 files)", "File Size", "Hash"]
    assert files == [["a, b.png", "5", ""]]
    assert content("") == ([], [])
