"""Both stores pass the conformance suite."""

import pytest
from trackyard.core.testing.metadata_suite import MetadataStoreSuite, Opener


class TestSqlite(MetadataStoreSuite):
    @pytest.fixture
    def opener(self, sqlite_opener: Opener) -> Opener:
        return sqlite_opener


@pytest.mark.postgresql
class TestPostgresql(MetadataStoreSuite):
    @pytest.fixture
    def opener(self, postgresql_opener: Opener) -> Opener:
        return postgresql_opener
