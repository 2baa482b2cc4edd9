"""What a server tells when its metadata store fails."""

from pathlib import Path
from typing import Any

import pytest
from trackyard.core.cli.main import main
from trackyard.core.contracts.metadata import StoreUnavailable
from trackyard.core.testing.kernel import serving_kernel
from trackyard.storage_backends.metadata_sql.sqlite import DataLock


def test_a_second_server_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = DataLock(tmp_path / "metadata.db")
    ports = [word for site in ("api", "web", "files") for word in (f"--{site}-port", "0")]
    assert main(["serve", "--data-dir", str(tmp_path), *ports]) == 1
    lock.release()
    told = capsys.readouterr().err.strip().splitlines()
    assert told[-1].startswith("trackyard: Another Trackyard server already uses")


async def test_a_failing_database_is_told_in_the_envelope(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(work: Any) -> None:
        raise StoreUnavailable("secret details of the database")

    async with serving_kernel(tmp_path) as api:
        with monkeypatch.context() as patch:
            patch.setattr(api.kernel.metadata, "read", fail)
            answer = await api.ask("projects.get_all", {})
        assert answer.codes == (500, 102)
        assert "secret" not in str(answer.meta)
        assert answer.data == {}
        assert (await api.ask("projects.get_all", {})).codes == (200, 0)
