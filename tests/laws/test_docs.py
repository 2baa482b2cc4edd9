"""The generated reference pages are those of the code."""

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from trackyard.core.kernel import load_kernel
from trackyard.core.plugins import GROUP
from trackyard.core.settings import Settings

from docs import build

ROOT = build.DOCS.parent


@pytest.fixture(scope="module")
def rendered() -> dict[str, str]:
    """The pages as the code has them now."""
    return build.render()


@pytest.mark.parametrize("page", sorted(build.PAGES))
def test_page_is_true(page: str, rendered: dict[str, str]) -> None:
    """A page in the tree is what is generated; ``make docs`` writes it."""
    assert (build.DOCS / page).read_text() == rendered[page], f"docs/{page} is old: run make docs"


def test_plugins_toml_holds_the_defaults_when_it_is_switched_on(tmp_path: Path) -> None:
    """Every table and key of the file is known, and its value is the default."""
    text = (ROOT / "plugins.toml").read_text()
    path = tmp_path / "plugins.toml"
    path.write_text(re.sub(r"(?m)^#(?=\[|\w+ = )", "", text))
    entries = [entry for entry in entry_points(group=GROUP) if entry.dist is not None and entry.dist.name == "trackyard"]
    kernel = load_kernel(Settings(path, {}, data_dir=tmp_path), entries)
    defaults = load_kernel(Settings(None, {}, data_dir=tmp_path), entries).settings.explained()
    assert {key: origin.value for key, origin in kernel.settings.explained().items()} == {
        key: origin.value for key, origin in defaults.items()
    }


def test_settings_in_the_readme_are_settings(tmp_path: Path) -> None:
    """What the README shows as ``plugins.toml`` can be used as it is."""
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert blocks
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.toml"
        path.write_text(block)
        load_kernel(Settings(path, {}, data_dir=tmp_path))


def test_decisions_have_numbers_of_their_own() -> None:
    """No two decisions share a number, and each page begins with its own."""
    pages = sorted((build.DOCS / "decisions").glob("*.md"))
    numbers = [page.name[:4] for page in pages]
    assert len(set(numbers)) == len(numbers)
    assert [page.read_text()[2:6] for page in pages] == numbers
