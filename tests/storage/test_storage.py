"""Access to object storage: kept encrypted, shown masked, changed by administrators."""

from typing import Any

import pytest
from sqlmodel import Session
from trackyard.core.entities import StorageSettings
from trackyard.core.identity import Identity
from trackyard.plugins.storage.vault import MASK, Vault

from tests.projects.shelf import Shelf

pytestmark = pytest.mark.asyncio(loop_scope="module")

EMPTY = {"aws": {"buckets": []}, "google": {"buckets": []}, "azure": {"containers": []}}


async def settings(shelf: Shelf) -> dict[str, Any]:
    """The settings as they are shown."""
    found: dict[str, Any] = (await shelf.call("storage.get_settings"))["settings"]
    return {name: value for name, value in found.items() if name != "last_update"}


async def stored(shelf: Shelf) -> str:
    """The settings as they are kept."""

    def work(session: Session) -> str:
        found = session.get(StorageSettings, shelf.identity.company)
        return str(found and found.settings)

    return await shelf.kernel.metadata.read(work)


async def test_settings_are_set_masked_changed_and_reset(shelf: Shelf) -> None:
    assert await settings(shelf) == EMPTY, "the lists are there from the beginning"
    aws = {
        "key": "access",
        "secret": "top secret",
        "region": "eu",
        "use_credentials_chain": False,
        "buckets": [{"bucket": "one", "key": "k1", "secret": "first secret"}, {"bucket": "two", "secret": "second secret"}],
    }
    google = {"project": "p", "credentials_json": '{"private": "google secret"}', "buckets": []}
    azure = {"containers": [{"account_name": "a", "account_key": "azure secret", "container_name": "c"}]}
    assert await shelf.call("storage.set_settings", aws=aws, google=google, azure=azure) == {"updated": 1}
    found = await settings(shelf)
    masked = [
        found["aws"]["secret"],
        *(bucket["secret"] for bucket in found["aws"]["buckets"]),
        found["google"]["credentials_json"],
        found["azure"]["containers"][0]["account_key"],
    ]
    assert masked == [MASK] * 5
    assert (found["aws"]["key"], found["aws"]["region"]) == ("access", "eu")
    assert "last_update" in (await shelf.call("storage.get_settings"))["settings"]
    kept = await stored(shelf)
    assert "secret" not in kept.replace("'secret':", "")
    # the web sends back what it was shown, with one bucket removed, one added and one secret changed
    found["aws"]["buckets"] = [{"bucket": "two", "secret": MASK}, {"bucket": "new", "secret": MASK}]
    found["aws"]["region"] = "us"
    await shelf.call("storage.set_settings", aws=found["aws"])
    vault = Vault(read_key_of(shelf))
    opened = vault.open(await raw(shelf))
    assert opened["aws"]["secret"] == "top secret"
    assert opened["aws"]["buckets"] == [{"bucket": "two", "secret": "second secret"}, {"bucket": "new", "secret": ""}]
    assert opened["azure"] == azure
    assert await shelf.call("storage.reset_settings", keys=["aws", "google"]) == {"updated": 1}
    assert await shelf.call("storage.reset_settings", keys=["aws"]) == {"updated": 0}
    found = await settings(shelf)
    assert (found["aws"], found["google"]) == (EMPTY["aws"], EMPTY["google"])
    assert found["azure"]["containers"][0]["account_key"] == MASK
    assert await shelf.call("storage.set_settings") == {"updated": 0}
    assert await shelf.refusal("storage.reset_settings", keys=["other"]) == (400, 12)


def read_key_of(shelf: Shelf) -> bytes:
    """The key of the server's data directory."""
    return (shelf.kernel.data_dir / "storage.key").read_bytes()


async def raw(shelf: Shelf) -> dict[str, Any]:
    """The settings as they are kept."""

    def work(session: Session) -> dict[str, Any]:
        found = session.get(StorageSettings, shelf.identity.company)
        assert found is not None
        return dict(found.settings)

    return await shelf.kernel.metadata.read(work)


async def test_only_administrators_change_settings(shelf: Shelf) -> None:
    user = Shelf(shelf.kernel, Identity(user="u", name="User"))
    assert await user.refusal("storage.set_settings", aws={}) == (403, 20)
    assert await user.refusal("storage.reset_settings", keys=["aws"]) == (403, 20)
    assert "settings" in await user.call("storage.get_settings")
