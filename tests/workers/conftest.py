"""One server in this process for all tests of a module."""

from tests.queues.conftest import server

__all__ = ["server"]
