"""Packaging: entry points are in order, every one is a plugin, and a bare installation has all data."""

import configparser
import http.client
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from trackyard.core.testing.server import ServerProcess

from tests.laws import tree
from tests.prepare import find_uv

IGNORED = {"__pycache__"}


def declared() -> list[str]:
    """Names of the entry points of setup.cfg, as written there."""
    setup = configparser.ConfigParser()
    setup.read(tree.ROOT / "setup.cfg")
    lines = setup["options.entry_points"].get("trackyard", "").strip().splitlines()
    return [line.split("=")[0].strip() for line in lines if line.strip()]


def test_entry_points_are_sorted() -> None:
    """The table of plugins is in alphabetical order, so that two changes to it seldom meet."""
    assert declared() == sorted(set(declared()))


def test_declared_entry_points_are_installed() -> None:
    """The environment is that of this tree."""
    ours = [entry for entry in entry_points(group="trackyard") if entry.dist and entry.dist.name == "trackyard"]
    assert sorted(entry.name for entry in ours) == declared()


def test_every_package_data_file_is_named() -> None:
    """Every file of a room that isn't Python is in the wheel, by the patterns of setup.cfg."""
    setup = configparser.ConfigParser()
    setup.read(tree.ROOT / "setup.cfg")
    missing = []
    for room in tree.ROOMS:
        patterns = [pattern.strip() for pattern in setup["options.package_data"][f"trackyard.{room}"].split(",")]
        included = {path for pattern in patterns for path in (tree.ROOT / room).glob(pattern)}
        every = [path for path in (tree.ROOT / room).rglob("*") if path.is_file() and not IGNORED.intersection(path.parts)]
        missing += [path for path in every if path.suffix != ".py" and path not in included]
    assert not missing, tree.shown(sorted(missing))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the tree."""
    target = tmp_path_factory.mktemp("wheel")
    source = copy_of_tree(tmp_path_factory.mktemp("source"))
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(target.glob("*.whl"))


def copy_of_tree(target: Path) -> Path:
    """The parts of the tree that make the package, where a build may write."""
    for room in tree.ROOMS:
        shutil.copytree(tree.ROOT / room, target / room, ignore=shutil.ignore_patterns(*IGNORED))
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(tree.ROOT / name, target / name)
    return target


@pytest.mark.timeout(900)
def test_wheel_has_every_file(wheel: Path) -> None:
    """Every file of the five rooms is in the wheel: templates, static files, migrations, type markers."""
    packed = set(zipfile.ZipFile(wheel).namelist())
    every = [path for room in tree.ROOMS for path in (tree.ROOT / room).rglob("*") if path.is_file()]
    ours = [path for path in every if not IGNORED.intersection(path.parts)]
    missing = [path for path in ours if f"trackyard/{path.relative_to(tree.ROOT)}" not in packed]
    assert not missing, tree.shown(sorted(missing))


@pytest.fixture(scope="module")
def bare_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` folder of a new environment with the wheel and what it needs, and nothing of the tests."""
    target = tmp_path_factory.mktemp("bare") / "environment"
    python, constraints = str(target / "bin/python"), str(tree.ROOT / "constraints.txt")
    if uv := find_uv():
        create = [uv, "venv", "-q", "--python", sys.executable, str(target)]
        install = [uv, "pip", "install", "-q", "--python", python, "-c", constraints, str(wheel)]
    else:
        create = [sys.executable, "-m", "venv", str(target)]
        install = [python, "-m", "pip", "install", "-q", "-c", constraints, str(wheel)]
    for command in (create, install):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
    return target / "bin"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_command_works_in_a_bare_environment(bare_environment: Path, tmp_path: Path) -> None:
    """``pip install`` gives a command that works where no source and none of the test packages are."""
    command = [str(bare_environment / "trackyard"), "--version"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("trackyard ")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_server_of_a_bare_environment_shows_pages(bare_environment: Path, tmp_path: Path) -> None:
    """Templates, static files and migrations are in the package: the login page and what it loads are there."""
    with ServerProcess(tmp_path, program=bare_environment / "trackyard") as server:
        status, page = fetch(server.web_port, "/login")
        assert status == 200
        loaded = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
        assert loaded
        assert {path: fetch(server.web_port, path)[0] for path in loaded} == dict.fromkeys(loaded, 200)


def fetch(port: int, path: str) -> tuple[int, str]:
    """Status and text of a page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    finally:
        connection.close()
