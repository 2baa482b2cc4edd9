"""Parts of the web that need no server: colours, budgets, trees, links, Markdown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from trackyard.ui.markdown import to_html
from trackyard.ui.metrics import chosen_metric, top_metrics
from trackyard.ui.plugin import local_path
from trackyard.ui.projects import tree

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
