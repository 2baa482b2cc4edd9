"""The demonstration: what it makes up is what the SDK and our pages take, and its pictures are there and small."""

from __future__ import annotations

import html
import json
import random
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from trackyard.ui.widgets import is_valid, read

from docs.demo.curves import events_of, lines
from docs.demo.member import described
from docs.demo.pictures import LIMIT, PAGES, PICTURES
from docs.demo.story import frame

ROOT = Path(__file__).resolve().parents[2]


def test_tasks_are_whole() -> None:
    """Every task has what a table shows: a name, a project, a type, parameters with their section."""
    dice = random.Random(1)
    for number in range(30):
        task = described(number, dice)
        assert task["name"]
        assert "/" in task["project_name"]
        for section, items in task["hyperparams"].items():
            assert all(item["section"] == section and isinstance(item["value"], str) for item in items.values())


def test_events_are_lines_of_json() -> None:
    """Each line is an event of the task; a failed training says why at its end."""
    dice = random.Random(2)
    events = [json.loads(line) for line in lines(events_of("t1", dice, True, 0.5)).splitlines()]
    assert {event["task"] for event in events} == {"t1"}
    assert "Traceback" in events[-1]["msg"]


def test_frames_of_reports_can_be_drawn() -> None:
    """The code in the reports asks our page for something that it can draw."""
    code = frame("http://127.0.0.1:1", "scalar", ["a1", "b2"], "loss", ["validation"])
    found = re.search(r'src="([^"]+)"', code)
    assert found is not None
    asked = read(parse_qsl(urlsplit(html.unescape(found[1])).query))
    assert is_valid(asked)
    assert asked.objects == ["a1", "b2"]


def test_pictures_are_there_small_and_shown() -> None:
    """Every page of the list has its picture, no larger than said, and the page about the web shows it."""
    text = (ROOT / "docs/ui.md").read_text()
    for name in PAGES:
        picture = PICTURES / f"{name}.webp"
        assert 0 < picture.stat().st_size <= LIMIT
        assert f"pictures/{name}.webp" in text
