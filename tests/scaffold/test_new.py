"""Packages of every kind install beside the server with pip and pass their own tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from trackyard.core.cli import main
from trackyard.core.scaffold import ScaffoldError, kinds, write_package


def test_there_is_a_kind_for_each_thing_a_plugin_adds() -> None:
    assert kinds() == ["auth", "endpoint", "panel", "runtime", "service", "storage"]


@pytest.mark.parametrize("name", ["Upper", "1st", "a b", "../x", "class", ""])
def test_a_name_that_is_no_package_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ScaffoldError, match="found the name"):
        write_package(name, "endpoint", tmp_path)


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(ScaffoldError, match="is there already"):
        write_package("mine", "endpoint", tmp_path)


@pytest.mark.timeout(600)
def test_packages_of_every_kind_install_and_pass_their_tests(tmp_path: Path) -> None:
    packages = []
    for kind in kinds():
        name = f"my-{kind}"
        assert main(["plugins", "new", name, "--kind", kind, "--folder", str(tmp_path)]) == 0
        packages.append(str(tmp_path / name))
    target = tmp_path / "installed"
    options = ["--no-build-isolation", "--no-deps", "--no-index", "--disable-pip-version-check", "--target", str(target)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", *options, *packages], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    environment = {**os.environ, "PYTHONPATH": str(target)}
    tests = [f"{package}/tests" for package in packages]
    run = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        "-o",
        "asyncio_mode=auto",
        *tests,
    ]
    done = subprocess.run(run, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    listed = subprocess.run(
        [sys.executable, "-m", "trackyard.core.cli", "plugins", "check"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert listed.stdout.strip() == "all plugins are well", listed.stdout
