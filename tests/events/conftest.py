"""One server in this process for all tests of a module."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from trackyard.core.testing.kernel import serving_kernel

from tests.events.server import Server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A kernel with sockets."""
    async with serving_kernel(tmp_path_factory.mktemp("kernel")) as api:
        yield Server(api)
