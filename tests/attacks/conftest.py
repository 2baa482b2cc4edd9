"""One server for all attacks; what a test makes has names of its own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel


@pytest_asyncio.fixture(loop_scope="package", scope="package")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """A running server with the administrator's credentials."""
    async with serving_kernel(tmp_path_factory.mktemp("attacks")) as running:
        yield running
