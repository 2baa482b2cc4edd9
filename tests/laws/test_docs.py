"""The generated reference pages are those of the code."""

import pytest

from docs import build


@pytest.fixture(scope="module")
def rendered() -> dict[str, str]:
    """The pages as the code has them now."""
    return build.render()


@pytest.mark.parametrize("page", sorted(build.PAGES))
def test_page_is_true(page: str, rendered: dict[str, str]) -> None:
    """A page in the tree is what is generated; ``make docs`` writes it."""
    assert (build.DOCS / page).read_text() == rendered[page], f"docs/{page} is old: run make docs"
