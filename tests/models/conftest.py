"""One server in this process for all tests of a file."""

from tests.projects.conftest import shelf

__all__ = ["shelf"]
