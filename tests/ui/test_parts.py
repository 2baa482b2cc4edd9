"""Parts of the web that need no server: colours, budgets, trees, links, Markdown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from trackyard.ui.links import file_kind
from trackyard.ui.markdown import to_html
from trackyard.ui.metrics import PIN, chosen_metric, top_metrics
from trackyard.ui.models.columns import columns_of, segment
from trackyard.ui.plugin import local_path
from trackyard.ui.projects import tree
from trackyard.ui.tasks.details import changed_files

UI = Path(__file__).parents[2] / "ui"
SCRIPTS = UI / "static/js"
BUDGET = 150_000
TEXT = ["text", "muted", "accent", "draft", "queued", "running", "completed", "published", "failed", "aborted"]


def tokens() -> dict[str, tuple[str, str]]:
    """The colour tokens: name → (light, dark)."""
    text = (UI / "static/css/tokens.css").read_text()
    return {name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", text)}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(left: str, right: str) -> float:
    """Contrast ratio of two colours."""
    high, low = sorted((luminance(left), luminance(right)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["bg", "surface", "raised"])
@pytest.mark.parametrize("ink", TEXT)
def test_text_can_be_read(theme: int, ground: str, ink: str) -> None:
    """Every text and status colour has a contrast of 4.5 on every ground, in both themes."""
    found = tokens()
    assert contrast(found[ink][theme], found[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("number", range(10))
def test_curves_can_be_seen(theme: int, number: int) -> None:
    """Every colour of a series has a contrast of 3 on the page, in both themes."""
    found = tokens()
    assert contrast(found[f"series-{number}"][theme], found["bg"][theme]) >= 3


def scripts_of(entry: str) -> set[str]:
    """The module and all that it imports, also lazily."""
    found: set[str] = set()
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += re.findall(r"""(?:from|import)\s*\(?\s*"\./([\w.]+)\"""", (SCRIPTS / name).read_text())
    return found


@pytest.mark.parametrize("entry", sorted(path.name for path in SCRIPTS.glob("*.js")))
def test_scripts_of_a_page_are_small(entry: str) -> None:
    """No page loads more than 150 kB of scripts, charts left aside, before any compression."""
    names = scripts_of(entry) | scripts_of("app.js")
    assert sum((SCRIPTS / name).stat().st_size for name in names) <= BUDGET


def test_projects_stand_under_the_nearest_project_that_is_shown() -> None:
    """A project without its parent in the list stands at the depth of what is left of its path."""
    rows = tree([{"name": "B"}, {"name": "A/x/y"}, {"name": "A"}, {"name": "A/x-ray"}])
    assert [(row["name"], row["depth"], row["title"]) for row in rows] == [
        ("A", 0, "A"),
        ("A/x/y", 1, "x/y"),
        ("A/x-ray", 1, "x-ray"),
        ("B", 0, "B"),
    ]
    assert [row["has_children"] for row in rows] == [True, False, False, False]


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "", "/a\nb"])
def test_the_login_leads_only_to_this_site(target: str) -> None:
    """Another address than a path of the site is replaced by the home page."""
    assert local_path(target) == "/"


def test_the_login_leads_back() -> None:
    """A path of the site is kept with its query."""
    assert local_path("/tasks?q=a&f=status~in~failed") == "/tasks?q=a&f=status~in~failed"


@pytest.mark.parametrize(
    "text",
    [
        "<script>go()</script>",
        "<img src=x onerror=go()>",
        "[x](javascript:go())",
        "[x](data:text/html,go)",
        '<a href="javascript:go()">x</a>',
        "![x](javascript:go())",
    ],
)
def test_markdown_does_no_harm(text: str) -> None:
    """Scripts, handlers and addresses with code do not become HTML."""
    html = str(to_html(text))
    assert "<script" not in html
    assert not re.search(r'<[^>]*(?:onerror|(?:href|src)="(?:javascript|data):)', html)


def test_markdown_is_rendered() -> None:
    """Emphasis, lists, tables and links become elements."""
    html = str(to_html("**b**\n\n- one\n\n[site](https://example.org)\n\n|a|b|\n|-|-|\n|1|2|"))
    assert all(part in html for part in ("<strong>b</strong>", "<li>one</li>", 'href="https://example.org"', "<td>1</td>"))


def test_the_wanted_metric_is_chosen() -> None:
    """A validation metric comes before a training one; monitors and single values are never curves."""
    names = [("loss", "train"), ("accuracy", "validation"), (":monitor:gpu", "load"), ("Summary", "best")]
    metrics = {str(number): {"v": {"metric": metric, "variant": variant}} for number, (metric, variant) in enumerate(names)}
    chosen = chosen_metric(metrics)
    assert chosen is not None
    assert (chosen["metric"], chosen["variant"]) == ("accuracy", "validation")
    assert [item["metric"] for item in top_metrics(metrics, 4)] == ["accuracy", "loss"]


def metrics(*names: tuple[str, str]) -> dict[str, dict[str, dict[str, str]]]:
    """Last values of some metrics and variants."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for metric, variant in names:
        found.setdefault(metric, {})[variant] = {"metric": metric, "variant": variant}
    return found


def test_pinned_metrics_come_first() -> None:
    """A pinned curve, and a pinned metric with all its variants, stand before those that look important; all pins are shown."""
    last = metrics(("accuracy", "val"), ("loss", "val"), ("rate", "adam"), ("speed", "gpu"), ("speed", "cpu"))
    pins = [f"rate{PIN}adam", f"speed{PIN}", f"gone{PIN}x"]
    shown = [(item["metric"], item["variant"]) for item in top_metrics(last, 4, pins)]
    assert shown == [("rate", "adam"), ("speed", "cpu"), ("speed", "gpu"), ("accuracy", "val")]
    assert (chosen_metric(last, pins) or {})["metric"] == "rate"
    assert (chosen_metric(last) or {})["metric"] == "accuracy"


def test_changes_stand_by_file() -> None:
    """A diff of two files is two parts with the number of lines that came and went; headers are not counted."""
    text = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1,2 @@\n-a\n+b\n+c\ndiff --git a/y b/y\n+++ b/y\n+new"
    files = changed_files(text.splitlines())
    assert [(part["name"], part["added"], part["removed"]) for part in files] == [("x.py", 2, 1), ("y", 1, 0)]
    assert changed_files(["no header", "+x"])[0]["name"] == ""
    assert changed_files([]) == []


def test_columns_of_models_are_read_from_the_address() -> None:
    """Keys of metadata may hold commas and dots; what is no column is left out."""
    found = columns_of("meta.data%2Cset.v1,m.ab.cd.max_value.loss|train,m.a/b.cd.value.x,m.ab.cd.drop.x,nonsense,")
    assert [(column.title, column.field) for column in found] == [
        ("data,set.v1", "metadata.data,set%2Ev1.value"),
        ("loss/train max", "last_metrics.ab.cd.max_value"),
    ]
    assert found[0].value({"metadata": {"data,set.v1": {"value": "x"}}}) == "x"
    assert found[1].value({"last_metrics": {}}) == ""
    assert segment("_a__b.c") == "%_a%_%_b%2Ec"


def test_pictures_are_known_by_their_names() -> None:
    """What is not a picture, a film or a sound has no kind."""
    assert [file_kind(f"http://h/f/{name}?x=1") for name in ("a.PNG", "b.mp4", "c.wav", "d.svg", "e")] == [
        "image",
        "video",
        "audio",
        "",
        "",
    ]
