"""Make what the tests need outside ``.venv``: Debian packages (as root) and side environments under ``build/``.

Run as ``python tests/prepare.py``. What is there already is left alone; what can't be installed is named, and the
tests that need it then fail under ``CI=true`` and are skipped elsewhere.
"""

import glob
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

BUILD = Path(__file__).resolve().parent.parent / "build"

ENVIRONMENTS: dict[str, list[str]] = {
    "clearml-1.18": ["clearml==1.18.0", "numpy<3", "pandas<4", "matplotlib<4", "pillow<14"],
    "clearml-agent": ["clearml-agent==3.0.3", "clearml==2.1.12", "setuptools<82", "requests<2.33", "wheel", "pip"],
}
"""Name of each side environment and what is installed in it."""

DEBIAN: dict[str, str] = {
    "chromium": "/usr/bin/chromium",
    "postgresql": "/usr/lib/postgresql/*/bin/initdb",
    "git": "/usr/bin/git",
    "docker.io": "/usr/*bin/dockerd",
}
"""Debian packages of the real parts that tests drive, each with a pattern of a path that shows that it is installed."""

OPTIONS: dict[str, list[str]] = {"docker.io": ["--no-install-recommends"]}
"""Options of the installation: tests start an engine of their own and need nothing around it."""


def environment_python(name: str) -> Path:
    """The interpreter of a side environment."""
    return BUILD / name / "bin" / "python"


def clean_environment() -> dict[str, str]:
    """The environment without the switch that keeps Python from storing bytecode: starting would be slow."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def find_uv() -> str | None:
    """A uv that works, or None."""
    uv = shutil.which("uv")
    return uv if uv and subprocess.run([uv, "--version"], capture_output=True, check=False).returncode == 0 else None


def install_environment(name: str, packages: list[str]) -> None:
    """Create one side environment and install its packages."""
    target = BUILD / name
    if target.exists():
        shutil.rmtree(target)
    python = str(environment_python(name))
    if uv := find_uv():
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(target)], check=True, env=clean_environment())
        command = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", python]
    else:
        venv.create(target, with_pip=True)
        command = [python, "-m", "pip", "install", "-q"]
    subprocess.run([*command, *packages], check=True, env=clean_environment())
    (target / ".ready").touch()


def prepare_environments() -> None:
    """Make every side environment that isn't complete."""
    for name, packages in ENVIRONMENTS.items():
        if not (BUILD / name / ".ready").exists():
            print(f"preparing build/{name}", flush=True)
            install_environment(name, packages)


def prepare_debian() -> None:
    """Install the missing Debian packages when this is root on Debian; otherwise say which are missing."""
    missing = [package for package, pattern in DEBIAN.items() if not glob.glob(pattern)]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"not installed (their tests are skipped, or fail under CI=true): {', '.join(missing)}", flush=True)
        return
    print(f"installing {', '.join(missing)}", flush=True)
    # RUNLEVEL=1: no service is started by its installation
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run(["apt-get", "update", "-qq"], check=False, env=environment)
    for package in missing:  # one by one: what can't be installed keeps none of the others away
        command = ["apt-get", "install", "-y", "-qq", *OPTIONS.get(package, []), package]
        if subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL).returncode:
            print(f"could not install {package}", flush=True)


if __name__ == "__main__":
    prepare_debian()
    prepare_environments()
