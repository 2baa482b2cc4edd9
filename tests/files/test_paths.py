"""The one resolver of user-supplied paths."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trackyard.core.paths import PathError, resolve, storage_path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a/b.txt", "a/b.txt"),
        ("//a//./b", "a/b"),
        ("b%20c%2e%2e/x", "b%20c%2e%2e/x"),
        ("proj/sub one/é.bin", "proj/sub one/é.bin"),
        ("..a/b..", "..a/b.."),
        ("x" * 255, "x" * 255),
    ],
)
def test_good_paths_are_taken_literally(text: str, path: str) -> None:
    assert storage_path(text) == path


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", ".", "..", "../a", "a/../b", "a/..", "...", "a/ ../b", "a\\b", "..\\a", "a\0b", "a\nb", "C:/x", "\ud800"),
        *("x" * 256, "é" * 128, "/".join(["abcdefghi"] * 500), ".trackyard/x"),
    ],
)
def test_bad_paths_are_refused(text: str) -> None:
    with pytest.raises(PathError):
        storage_path(text)


@given(st.text(alphabet=st.sampled_from(list("ab./\\ \0:%~-é")), max_size=20))
def test_nothing_leaves_the_root(text: str) -> None:
    try:
        path = storage_path(text)
    except PathError:
        return
    root = Path("/nonexistent/root")
    assert resolve(root, path).is_relative_to(root)
    assert ".." not in path.split("/")
    assert storage_path(path) == path


def test_a_link_out_of_the_root_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(PathError):
        resolve(root, storage_path("link/secret"))
