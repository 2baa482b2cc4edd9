"""Secrets: encrypted, masked, and put back in their places."""

import stat
from pathlib import Path

from cryptography.fernet import Fernet
from trackyard.plugins.storage.vault import MASK, Vault, mask, read_key, unmask


def test_the_key_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    key = read_key(tmp_path)
    assert read_key(tmp_path) == key
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    Fernet(key)


def test_a_secret_of_another_key_is_empty(tmp_path: Path) -> None:
    sealed = Vault(Fernet.generate_key()).seal({"secret": "x", "key": "y", "token": ""})
    assert Vault(read_key(tmp_path)).open(sealed) == {"secret": "", "key": "y", "token": ""}
    assert mask(sealed) == {"secret": MASK, "key": "y", "token": ""}


def test_a_mask_stands_for_what_is_kept_in_the_same_place() -> None:
    old = {"secret": "s", "buckets": [{"bucket": "b", "host": "h", "secret": "1"}]}
    new = {"secret": MASK, "buckets": [{"bucket": "b", "host": "h", "secret": MASK}, {"bucket": "b", "secret": MASK}]}
    assert unmask(new, old) == {
        "secret": "s",
        "buckets": [{"bucket": "b", "host": "h", "secret": "1"}, {"bucket": "b", "secret": ""}],
    }
