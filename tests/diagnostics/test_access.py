"""The administrator's rules on who may call what."""

from __future__ import annotations

from pathlib import Path

from trackyard.core.errors import ApiError
from trackyard.core.identity import SYSTEM, Identity
from trackyard.core.testing.kernel import running_kernel, serving_kernel

RULES = '[access.limits]\n"users.get_all" = ["root"]\n"debug.*" = ["admin"]\n"server.*" = ["user", "root"]\n'


async def test_rules_narrow_and_never_widen(tmp_path: Path) -> None:
    async with serving_kernel(tmp_path, RULES) as api:
        assert (await api.ask("users.get_all")).codes == (200, 0)
        assert (await api.ask("debug.ping", anonymous=True)).codes == (403, 20)
        assert (await api.ask("server.config")).codes == (200, 0)
        for role, name, codes in (
            ("user", "users.get_all", (403, 20)),
            ("admin", "users.get_all", (403, 20)),
            ("user", "users.get_all_ex", (200, 0)),
            # the endpoint's own roles stay in force
            ("user", "server.config", (403, 20)),
        ):
            identity = Identity("somebody", "somebody", role)
            try:
                await api.kernel.call(name, {}, identity)
                found = (200, 0)
            except ApiError as error:
                found = (error.code, error.subcode)
            assert found == codes, (role, name)
        # the server's own services are never limited
        await api.kernel.call("users.get_all", {}, SYSTEM)


async def test_a_rule_with_an_unknown_role_refuses_all_calls(tmp_path: Path) -> None:
    async with running_kernel(tmp_path, '[access.limits]\n"users.get_all" = ["boss"]\n') as kernel:
        (record,) = kernel.plugins.failed()
        assert record.name == "access"
        assert "no such role: boss" in record.error
        health = await kernel.health()
        assert not health["policies"][0].ok
