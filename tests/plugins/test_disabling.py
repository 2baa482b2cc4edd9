"""The server works with any single optional plugin switched off."""

from pathlib import Path

import pytest
from trackyard.core.errors import ApiError
from trackyard.core.identity import Identity
from trackyard.core.kernel import Kernel
from trackyard.core.plugins import State
from trackyard.core.settings import SettingsError
from trackyard.core.testing.kernel import serving_kernel

from docs.build import documented_kernel

KERNEL = documented_kernel()
KINDS = {name: record.kind for name, record in KERNEL.plugins.records.items() if record.kind is not None}
DEFAULTS = {url.partition(":")[0] for url in (KERNEL.storage.metadata, KERNEL.storage.events, KERNEL.storage.files)}


def stores(name: str) -> bool:
    """True for the plugins whose backends are used unless the settings name others."""
    hooks = ("trackyard_metadata_backends", "trackyard_event_backends", "trackyard_file_backends")
    backends = [backend for hook in hooks for backend in KERNEL.plugins.records[name].provided.get(hook, [])]
    return any(DEFAULTS.intersection(backend.schemes) for backend in backends)


ESSENTIAL = sorted(name for name, kind in KINDS.items() if kind.essential)
STORING = sorted(name for name, kind in KINDS.items() if not kind.essential and stores(name))
OPTIONAL = sorted(set(KINDS) - {*ESSENTIAL, *STORING})
ROOT = Identity(user="__tests__", name="tests", role="root")


def switched_off(name: str) -> str:
    """The settings that switch one plugin off."""
    return f'[plugins]\ndisabled = ["{name}"]\n'


@pytest.mark.parametrize("name", OPTIONAL)
async def test_server_works_without(name: str, tmp_path: Path) -> None:
    """It starts; only plugins that need the missing one fail, and say so; what is left answers without a fault."""
    async with serving_kernel(tmp_path, switched_off(name)) as api:
        assert api.kernel.plugins.records[name].state is State.DISABLED
        failed = {record.name: record.error for record in api.kernel.plugins.failed()}
        assert all(error.startswith("needs: ") for error in failed.values()), failed
        assert set(failed) == those_that_need(name)
        for site, path in (("api", "/healthz"), ("api", "/openapi.json"), ("api", "/metrics"), ("web", "/"), ("web", "/login")):
            async with api.session.get(api.urls[site] + path, allow_redirects=False) as response:
                assert response.status < 500, (site, path)
        await every_endpoint_answers(api.kernel)


def those_that_need(name: str) -> set[str]:
    """The plugins that can't work without one, directly or through others."""
    found: set[str] = set()
    while more := {other for other, kind in KINDS.items() if {name, *found} & set(kind.needs)} - found:
        found |= more
    return found


async def every_endpoint_answers(kernel: Kernel) -> None:
    """Call each with an empty body, as an administrator: an answer or an error of the protocol, never a fault."""
    codes = {endpoint.name: await code_of(kernel, endpoint.name) for endpoint in kernel.endpoints.all() if not endpoint.raw_reply}
    assert {name: code for name, code in codes.items() if code >= 500} == {}


async def code_of(kernel: Kernel, name: str) -> int:
    """The code that a call with an empty body is answered with."""
    try:
        await kernel.call(name, {}, ROOT)
    except ApiError as error:
        return error.code
    return 200


@pytest.mark.parametrize("name", STORING)
async def test_backend_that_is_used_can_not_be_switched_off(name: str, tmp_path: Path) -> None:
    """The start is refused with a sentence that names the setting which asks for it."""
    with pytest.raises(SettingsError, match=r"storage\.\w+: found '\w+:'; expected a URL of scheme"):
        async with serving_kernel(tmp_path, switched_off(name)):
            pass


@pytest.mark.parametrize("name", ESSENTIAL)
async def test_essential_plugin_can_not_be_switched_off(name: str, tmp_path: Path) -> None:
    """The start is refused with a sentence that names the setting and the plugin."""
    with pytest.raises(SettingsError, match=rf"plugins\.disabled: found '{name}'"):
        async with serving_kernel(tmp_path, switched_off(name)):
            pass
