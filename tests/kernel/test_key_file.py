"""The file of a key: one for all who ask at once, and for its owner only."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from trackyard.core.key_file import read_or_make


def test_all_who_ask_at_once_get_one_key(tmp_path: Path) -> None:
    together = Barrier(2)

    def make(key: bytes) -> bytes:
        together.wait(60)
        return key

    with ThreadPoolExecutor(2) as threads:
        keys = list(threads.map(lambda key: read_or_make(tmp_path / "a.key", lambda: make(key)), (b"one", b"two")))
    assert keys in ([b"one"] * 2, [b"two"] * 2)
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_key_that_others_could_read_is_taken_from_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.key"
    path.write_bytes(b"kept")
    path.chmod(0o644)
    assert read_or_make(path, lambda: b"new") == b"kept"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "could be read by others" in caplog.text


def test_a_key_that_was_half_written_by_a_crash_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next process may have the same number, as in a container; nobody takes the half for the key."""
    path = tmp_path / "a.key"

    def crash(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", crash)
        with pytest.raises(KeyboardInterrupt):
            read_or_make(path, lambda: b"half")
    assert not path.exists()
    assert len(list(tmp_path.iterdir())) == 1
    assert read_or_make(path, lambda: b"whole") == b"whole"
