"""Secrets of object storage: encrypted where they are kept, masked where they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from trackyard.core.key_file import read_or_make

KEY_FILE = "storage.key"
MASK = "********"
"""Stands for a secret that is set. A client that sends it back leaves the secret as it is."""
SECRETS = frozenset({"secret", "token", "credentials_json", "account_key"})
PLACES = ("bucket", "subdir", "host", "account_name", "container_name")
"""What tells the items of a list apart."""

Settings = dict[str, Any]


class Vault:
    """Encrypts and decrypts with a key of the data directory."""

    def __init__(self, key: bytes) -> None:
        """``key`` is that of `read_key`."""
        self._fernet = Fernet(key)

    def seal(self, settings: Settings) -> Settings:
        """The settings with every secret encrypted."""
        return _with_secrets(settings, lambda secret: self._fernet.encrypt(secret.encode()).decode())

    def open(self, settings: Settings) -> Settings:
        """The settings in clear; a secret of another key is empty."""
        return _with_secrets(settings, self._decrypted)

    def _decrypted(self, secret: str) -> str:
        try:
            return self._fernet.decrypt(secret.encode()).decode()
        except InvalidToken:
            return ""


def read_key(data_dir: Path) -> bytes:
    """The key of the data directory, which is made at the first time; only the owner may read it. Blocks."""
    return read_or_make(data_dir / KEY_FILE, Fernet.generate_key)


def mask(settings: Settings) -> Settings:
    """The settings with a mask in the place of every secret."""
    return _with_secrets(settings, lambda secret: MASK)


def unmask(new: Settings, old: Settings) -> Settings:
    """New settings in which every mask is replaced by the secret that is kept in the same place."""
    kept = {**{name: value for name, value in new.items() if not isinstance(value, list)}}
    for name in SECRETS & kept.keys():
        if kept[name] == MASK:
            kept[name] = old.get(name, "")
    for name, items in new.items():
        if isinstance(items, list):
            before = {_place(item): item for item in old.get(name, [])}
            kept[name] = [unmask(item, before.get(_place(item), {})) for item in items]
    return kept


def _place(item: Settings) -> tuple[Any, ...]:
    return tuple(item.get(name) for name in PLACES)


def _with_secrets(settings: Settings, change: Callable[[str], str]) -> Settings:
    return dict(_changed(settings, change))


def _changed(settings: Settings, change: Callable[[str], str]) -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, list):
            yield name, [_with_secrets(item, change) for item in value]
        elif isinstance(value, dict):
            yield name, _with_secrets(value, change)
        else:
            yield name, change(value) if name in SECRETS and value else value
