"""Parts of the pages that manage which need no server."""

from __future__ import annotations

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
