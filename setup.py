"""Find the packages of each top-level folder; everything else is said in setup.cfg."""

from setuptools import find_packages, setup

FOLDERS = ("core", "plugins", "storage_backends", "ui", "agent_services")


def packages() -> list[str]:
    """Every package of the five folders under the namespace ``trackyard``."""
    return [f"trackyard.{name}" for folder in FOLDERS for name in [folder, *(f"{folder}.{sub}" for sub in find_packages(folder))]]


setup(packages=packages(), package_dir={f"trackyard.{folder}": folder for folder in FOLDERS})
