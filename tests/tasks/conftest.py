"""One kernel for all tests of a file."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from trackyard.core.testing.kernel import running_kernel

from tests.tasks.board import Board


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Board]:
    """The tasks of a kernel without sockets."""
    async with running_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield Board(kernel)
