"""One server for all cases of a file, and what they make on it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """A server in this process, and its administrator's client."""
    async with serving_kernel(tmp_path_factory.mktemp("kernel")) as client:
        yield client
