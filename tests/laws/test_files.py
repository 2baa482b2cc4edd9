"""Every file: documented, short, and free of what belongs to one machine."""

import ast
import re
from statistics import quantiles

import pytest

from tests.laws import tree

MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|Users|work)/[a-z]")
REGISTRY = re.compile(r"(?:index-url|find-links|\bpypi\.\w|\bnpmjs\.\w|\bregistry\.\w+\.(?:org|com|io))")


def test_every_python_file_has_a_docstring() -> None:
    """A reader learns from the first line what a file is for (an empty package marker is for nothing else)."""
    filled = [path for path in tree.python_files() if path.stat().st_size]
    silent = [path for path in filled if not ast.get_docstring(ast.parse(path.read_text()))]
    assert not silent, tree.shown(silent)


def test_files_are_short() -> None:
    """No file of ours is longer than 600 lines (generated references and data excepted)."""
    kinds = {".py", ".js", ".css", ".html"}
    ours = [path for path in tree.all_files() if path.suffix in kinds and not tree.is_vendored(path)]
    long = [path for path in ours if len(path.read_text().splitlines()) > 600]
    assert not long, tree.shown(long)


@pytest.mark.parametrize("room", tree.ROOMS)
def test_functions_are_short(room: str) -> None:
    """Nine of ten functions have at most 22 lines."""
    lengths = [tree.length(function) for path in tree.python_files(room) for function in tree.functions(path)]
    if len(lengths) > 10:
        assert quantiles(lengths, n=10)[8] <= 22


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY], ids=["path of a machine", "package registry"])
def test_nothing_of_one_machine_is_in_the_tree(pattern: re.Pattern[str]) -> None:
    """No file names a folder of somebody's machine or the host of a package registry."""
    this = tree.ROOT / "tests/laws/test_files.py"
    ours = [path for path in tree.all_files() if path != this and not tree.is_vendored(path)]
    found = [
        f"{path.relative_to(tree.ROOT)}:{number}: {line.strip()[:120]}"
        for path in ours
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)
