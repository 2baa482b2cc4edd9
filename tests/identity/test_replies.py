"""What is answered is what the document of the API says."""

from __future__ import annotations

from typing import Any

import msgspec
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ADMIN_PASSWORD

from tests.identity.conftest import COMPANY, make_user

SERVICES = ("auth", "login", "users", "server", "debug")


async def test_every_answer_has_the_declared_shape(api: Api) -> None:
    user, gone = await make_user(api, "uma"), await make_user(api, "gone")
    token = (await api.call("auth.login"))["token"]
    made = (await api.call("auth.create_credentials", role="user", expiration_sec=3600))["credentials"]
    bodies: dict[str, dict[str, Any]] = {
        "auth.create_login_link": {"user": user},
        "auth.create_user": {"name": "x", "company": COMPANY, "email": "x@example.org"},
        "auth.edit_credentials": {"access_key": made["access_key"], "label": "x"},
        "auth.edit_user": {"user": user, "role": "user"},
        "auth.get_token_for_user": {"user": user},
        "auth.revoke_credentials": {"access_key": "x"},
        "auth.set_password": {"password": "some long password", "current_password": ADMIN_PASSWORD},
        "auth.validate_token": {"token": token},
        "server.config": {"path": "server"},
        "users.create": {"id": "y" * 32, "company": COMPANY, "name": "y"},
        "users.delete": {"user": gone},
        "users.get_by_id": {"user": user},
        "users.set_preferences": {"preferences": {"a": 1}},
        "users.update": {"user": user, "name": "u"},
    }
    own = [endpoint for endpoint in api.kernel.endpoints.all() if endpoint.service in SERVICES]
    for endpoint in own:
        answer = await api.call(f"v{endpoint.min_version}/{endpoint.name}", bodies.get(endpoint.name, {}))
        assert endpoint.reply is not None, endpoint.name
        msgspec.convert(answer, endpoint.reply)
        if isinstance(endpoint.reply, type) and issubclass(endpoint.reply, msgspec.Struct):
            assert answer.keys() <= set(endpoint.reply.__struct_fields__), endpoint.name
    assert bodies.keys() <= {endpoint.name for endpoint in own}
