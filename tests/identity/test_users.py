"""``users.*`` and the administration of users in ``auth.*``."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import MODEL, TASK
from trackyard.core.identity import SYSTEM
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ADMIN_PASSWORD
from trackyard.plugins.identity.users import require_user

from tests.identity.conftest import COMPANY, as_new_user, ask, basic, bearer, make_user

PASSWORD = "correct horse battery"
NEW = {"name": "Uma Uhl", "company": COMPANY, "email": "uma@example.org"}


async def test_the_current_user(api: Api) -> None:
    data = await api.call("users.get_current_user", get_supported_features=True)
    assert data["getting_started"] == {}
    assert data["settings"] == {"max_download_items": 50000}
    user = data["user"]
    assert len(user["id"]) == 32
    assert user["company"] == {"id": COMPANY, "name": "trackyard"}
    assert (user["name"], user["role"], user["preferences"]) == ("admin", "root", {})
    assert user["created"].endswith("+00:00")
    assert {"given_name", "family_name", "email", "avatar", "created_in_version"} <= user.keys()


async def test_create_a_user_who_logs_in_with_a_password(api: Api) -> None:
    user = (await api.call("auth.create_user", NEW, password=PASSWORD, given_name="Uma"))["id"]
    found = (await ask(api, "users.get_current_user", basic("UMA@example.org", PASSWORD))).data["user"]
    assert (found["id"], found["role"], found["given_name"]) == (user, "user", "Uma")
    assert (await api.call("users.get_by_id", user=user))["user"]["email"] == "uma@example.org"
    shown = await api.call("users.get_by_id", user=user)
    assert "password_hash" not in str(shown)
    assert "argon2" not in str(shown)


async def test_what_a_new_user_may_not_be(api: Api) -> None:
    cases: list[tuple[dict[str, Any], tuple[int, int]]] = [
        ({"email": "no address"}, (400, 22)),
        ({"email": None}, (400, 12)),
        ({"name": " "}, (400, 12)),
        ({"name": "x" * 501}, (400, 12)),
        ({"company": "another"}, (400, 16)),
        ({"role": "root"}, (400, 12)),
        ({"username": "ADMIN"}, (400, 302)),
        ({"username": "a:b"}, (400, 12)),
        ({"username": "A" * 30}, (400, 12)),
        ({"password": "short"}, (400, 12)),
    ]
    for change, codes in cases:
        assert (await api.ask("auth.create_user", {**NEW, **change})).codes == codes, change
    assert len((await api.call("users.get_all"))["users"]) == 1


async def test_roles_take_effect_at_once(api: Api) -> None:
    user, other = await as_new_user(api, "uma")
    token = (await other.call("auth.login"))["token"]
    assert (await other.ask("auth.create_user", NEW)).codes == (403, 20)
    assert await api.call("auth.edit_user", user=user, role="admin") == {"updated": 1, "fields": {"role": "admin"}}
    assert await api.call("auth.edit_user", user=user, role="admin") == {"updated": 0, "fields": {"role": "admin"}}
    assert (await other.ask("auth.create_user", NEW)).codes == (200, 0)
    # an older token stays what it was
    assert (await ask(api, "auth.create_user", bearer(token), NEW)).codes == (403, 20)
    new_token = (await other.call("auth.login"))["token"]
    await api.call("auth.edit_user", user=user, role="annotator")
    assert (await ask(api, "users.get_current_user", bearer(new_token))).data["user"]["role"] == "annotator"
    assert (await ask(api, "auth.create_user", bearer(new_token), NEW)).codes == (403, 20)
    for role in ("root", "system", "boss"):
        assert (await api.ask("auth.edit_user", {"user": user, "role": role})).codes == (400, 12)
    assert (await api.ask("auth.edit_user", {"user": "nobody", "role": "user"})).codes == (400, 301)


async def test_an_administrator_can_not_change_who_may_more(api: Api) -> None:
    root = (await api.call("users.get_current_user"))["user"]["id"]
    _, admin = await as_new_user(api, "ada", "admin")
    assert (await admin.ask("auth.edit_user", {"user": root, "role": "user"})).codes == (403, 20)
    assert (await admin.ask("auth.set_password", {"user": root, "password": PASSWORD})).codes == (403, 20)
    assert (await admin.ask("auth.create_login_link", {"user": root})).codes == (403, 20)
    assert (await admin.ask("users.update", {"user": root, "name": "x"})).codes == (403, 20)
    assert (await admin.ask("users.delete", {"user": root})).codes == (403, 20)


async def test_the_last_administrator_stays(api: Api) -> None:
    root = (await api.call("users.get_current_user"))["user"]["id"]
    changes = [("auth.edit_user", {"role": role}) for role in ("user", "admin")]
    await make_user(api, "ada", "admin")
    for name, body in (*changes, ("auth.edit_user", {"disabled": True}), ("users.delete", {})):
        assert (await api.ask(name, {"user": root, **body})).codes == (400, 301)
    await make_user(api, "roo", "root")
    assert (await api.ask("users.delete", {"user": root})).codes == (200, 0)
    assert (await api.ask("users.get_current_user")).codes == (401, 22)


async def test_a_blocked_user_is_refused_everywhere_at_once(api: Api) -> None:
    user, other = await as_new_user(api, "uma")
    token = (await other.call("auth.login"))["token"]
    await api.call("auth.set_password", user=user, password=PASSWORD)
    token = (await other.call("auth.login"))["token"]
    assert (await ask(api, "users.get_current_user", basic("uma", PASSWORD))).codes == (200, 0)
    await api.call("auth.edit_user", user=user, disabled=True)
    assert (await other.ask("users.get_current_user")).codes == (401, 31)
    assert (await ask(api, "users.get_current_user", basic("uma", PASSWORD))).codes == (401, 31)
    assert (await ask(api, "users.get_current_user", basic("uma", "wrong"))).codes == (401, 22)
    assert (await ask(api, "users.get_current_user", bearer(token))).status == 401
    assert (await api.ask("users.get_current_user", {}, {"X-ClearML-Impersonate-As": user})).codes == (400, 6)
    await api.call("auth.edit_user", user=user, disabled=False)
    assert (await other.ask("users.get_current_user")).codes == (200, 0)
    assert (await ask(api, "users.get_current_user", bearer(token))).codes == (401, 30)


async def test_a_deleted_user_is_refused_everywhere_at_once(api: Api) -> None:
    user, other = await as_new_user(api, "uma")
    token = (await other.call("auth.login"))["token"]
    link = (await api.call("auth.create_login_link", user=user))["token"]
    assert await api.call("users.delete", user=user) == {}
    assert (await other.ask("users.get_current_user")).codes == (401, 22)
    for credential in (token, link):
        assert (await ask(api, "users.get_current_user", bearer(credential))).codes == (401, 30)
    assert (await api.ask("users.delete", {"user": user})).codes == (400, 301)
    again = await make_user(api, "uma")
    assert again != user


async def test_protected_users_keep_their_credentials(api: Api) -> None:
    user, other = await as_new_user(api, "robot")
    await api.kernel.metadata.write(lambda session: protect(session, user))
    assert (await other.ask("auth.create_credentials")).codes == (400, 301)
    assert (await other.ask("auth.revoke_credentials", {"access_key": "X"})).codes == (400, 301)
    assert (await api.ask("users.delete", {"user": user})).codes == (400, 301)
    assert (await api.ask("auth.edit_user", {"user": user, "role": "admin"})).codes == (400, 301)


def protect(session: Session, user_id: str) -> None:
    """Make the user one that the configuration owns."""
    user = require_user(session, user_id)
    user.protected = True
    session.add(user)


async def test_a_user_with_a_given_id(api: Api) -> None:
    assert await api.call("users.create", {"id": "ab" * 16, "company": COMPANY, "name": "Ida"}) == {}
    assert (await api.call("users.get_by_id", user="ab" * 16))["user"]["name"] == "Ida"
    assert (await api.ask("users.create", {"id": "ab" * 16, "company": COMPANY, "name": "Ida"})).codes == (400, 302)
    _, admin = await as_new_user(api, "ada", "admin")
    assert (await admin.ask("users.create", {"id": "cd" * 16, "company": COMPANY, "name": "Ida"})).codes == (403, 20)
    assert (await admin.ask("users.delete", {"user": "ab" * 16})).codes == (403, 20)
    assert (await api.ask("users.get_by_id", {"user": "nobody"})).codes == (400, 301)


async def test_users_change_their_own_names_only(api: Api) -> None:
    user, other = await as_new_user(api, "uma")
    root = (await api.call("users.get_current_user"))["user"]["id"]
    answer = await other.call("users.update", {"user": user, "name": "Uma U.", "family_name": "Uhl"})
    assert answer == {"updated": 1, "fields": {"name": "Uma U.", "family_name": "Uhl"}}
    assert (await other.ask("users.update", {"user": root, "name": "Uma"})).codes == (403, 20)
    assert (await api.call("users.update", {"user": user, "name": "Uma"}))["updated"] == 1
    assert (await api.call("users.update", user=user))["updated"] == 0
    token = (await other.call("auth.login"))["token"]
    assert (await ask(api, "users.get_current_user", bearer(token))).data["user"]["name"] == "Uma"


async def test_preferences_are_merged_deep(api: Api) -> None:
    assert await api.call("users.get_preferences") == {"preferences": {}}
    await api.call("users.set_preferences", preferences={"views": {"a": {"x": 1, "list": [1, 2]}}, "theme": "dark"})
    answer = await api.call("users.set_preferences", preferences={"views": {"a": {"list": []}, "b": 2}, "theme": None})
    expected = {"views": {"a": {"x": 1, "list": []}, "b": 2}, "theme": None}
    assert answer == {"updated": 1, "fields": {"preferences": expected}}
    assert await api.call("users.get_preferences") == {"preferences": expected}
    assert (await api.call("users.get_current_user"))["user"]["preferences"] == expected
    _, other = await as_new_user(api, "uma")
    assert await other.call("users.get_preferences") == {"preferences": {}}


async def test_keys_that_preferences_may_not_have(api: Api) -> None:
    for preferences in ({"a.b": 1}, {"$set": 1}, {"a": {"b": {"c.d": 1}}}, {"a": {"$x": 1}}):
        assert (await api.ask("users.set_preferences", {"preferences": preferences})).codes == (400, 16), preferences
    assert await api.call("users.get_preferences") == {"preferences": {}}


async def test_a_new_password_ends_the_other_sessions(api: Api) -> None:
    user = await make_user(api, "uma", password=PASSWORD)
    old = (await ask(api, "auth.login", basic("uma", PASSWORD))).data["token"]
    own = (await ask(api, "auth.login", basic("uma", PASSWORD))).data["token"]
    body = {"password": "another long one", "current_password": PASSWORD}
    assert (await ask(api, "auth.set_password", bearer(own), {**body, "current_password": "no"})).codes == (400, 12)
    assert (await ask(api, "auth.set_password", bearer(own), {"password": "another long one"})).codes == (400, 12)
    assert (await ask(api, "auth.set_password", bearer(own), {**body, "password": "short"})).codes == (400, 12)
    answer = await ask(api, "auth.set_password", bearer(own), body)
    assert answer.codes == (200, 0)
    assert "clearml_token_basic=" in answer.headers["Set-Cookie"]
    for token in (old, own):
        assert (await ask(api, "users.get_current_user", bearer(token))).codes == (401, 30)
    assert (await ask(api, "users.get_current_user", bearer(answer.data["token"]))).data["user"]["id"] == user
    assert (await ask(api, "auth.login", basic("uma", PASSWORD))).codes == (401, 22)
    assert (await ask(api, "auth.login", basic("uma", "another long one"))).codes == (200, 0)


async def test_only_administrators_set_the_passwords_of_others(api: Api) -> None:
    user = await make_user(api, "uma", password=PASSWORD)
    _, other = await as_new_user(api, "otto")
    assert (await other.ask("auth.set_password", {"user": user, "password": PASSWORD * 2})).codes == (403, 20)
    assert await api.call("auth.set_password", user=user, password=PASSWORD * 2) == {"updated": 1}
    assert (await ask(api, "auth.login", basic("uma", PASSWORD * 2))).codes == (200, 0)
    # who has no password yet sets the first one
    assert (await other.ask("auth.set_password", {"password": PASSWORD})).codes == (200, 0)
    assert (await ask(api, "auth.login", basic("otto", PASSWORD))).codes == (200, 0)


async def test_a_login_link_works_once_and_lets_one_set_a_password(api: Api) -> None:
    user = await make_user(api, "uma", password=PASSWORD)
    link = await api.call("auth.create_login_link", user=user)
    assert link["path"] == f"/login?token={link['token']}"
    session = (await ask(api, "auth.login", bearer(link["token"]))).data["token"]
    assert (await ask(api, "users.get_current_user", bearer(session))).data["user"]["id"] == user
    assert (await ask(api, "auth.login", bearer(link["token"]))).codes == (401, 30)
    renewed = (await ask(api, "auth.login", bearer(session))).data["token"]
    assert (await ask(api, "auth.set_password", bearer(renewed), {"password": PASSWORD * 2})).codes == (400, 12)
    changed = await ask(api, "auth.set_password", bearer(session), {"password": PASSWORD * 2})
    assert changed.codes == (200, 0)
    # the new session has lost what came with the link
    again = await ask(api, "auth.set_password", bearer(changed.data["token"]), {"password": PASSWORD})
    assert again.codes == (400, 12)


async def test_tokens_for_others_and_their_validation(api: Api) -> None:
    user = await make_user(api, "uma")
    token = (await api.call("auth.get_token_for_user", user=user, company=COMPANY, expiration_sec=3600))["token"]
    assert await api.call("auth.validate_token", token=token) == {"valid": True, "user": user, "company": COMPANY, "msg": ""}
    assert (await ask(api, "users.get_current_user", bearer(token))).data["user"]["id"] == user
    assert (await api.call("auth.validate_token", token="x"))["valid"] is False
    await api.call("users.delete", user=user)
    assert (await api.call("auth.validate_token", token=token))["valid"] is False
    assert (await api.ask("auth.get_token_for_user", {"user": user})).codes == (400, 301)
    assert (await api.ask("auth.get_token_for_user", {"user": user, "company": "x"})).codes == (400, 301)
    _, admin = await as_new_user(api, "ada", "admin")
    for name, body in (("auth.get_token_for_user", {"user": user}), ("auth.validate_token", {"token": token})):
        assert (await admin.ask(name, body)).codes == (403, 20)


async def test_lists_of_users(api: Api) -> None:
    user, other = await as_new_user(api, "uma")
    root = (await api.call("users.get_current_user"))["user"]["id"]
    for name in ("users.get_all", "users.get_all_ex"):
        listed = (await api.call(name))["users"]
        assert [found["name"] for found in listed] == ["admin", "uma"]
        assert ADMIN_PASSWORD not in str(listed)
        assert "password_hash" not in str(listed)
        assert "preferences" not in listed[0]
        (only,) = (await api.call(name, {"id": [user], "only_fields": ["name"]}))["users"]
        assert only["name"] == "uma"
        assert only.keys() <= {"id", "name"}
        assert [found["id"] for found in (await api.call(name, {"name": "^adm"}))["users"]] == [root]
        assert [found["id"] for found in (await api.call(name, {"order_by": ["-name"], "page_size": 1}))["users"]] == [user]
        assert (await api.call(name, {"order_by": ["name"], "page_size": 1, "page": 2}))["users"] == []
        assert (await api.ask(name, {"only_fields": ["password_hash"]})).codes == (400, 14)
        assert (await api.ask(name, {"page_size": 0})).codes == (400, 12)
    accounts = {found["name"]: found for found in (await api.call("users.get_all_ex"))["users"]}
    assert accounts["uma"]["company"] == {"id": COMPANY}
    names = await api.call("users.get_all_ex", {"id": [user], "only_fields": ["name"], "order_by": ["name"]})
    assert names == {"users": [{"id": user, "name": "uma"}]}
    assert accounts["uma"]["username"] == "uma"
    assert (accounts["uma"]["has_password"], accounts["admin"]["has_password"]) == (False, True)
    assert accounts["uma"]["disabled"] is False
    assert "username" not in (await other.call("users.get_all_ex"))["users"][0]


async def test_users_who_are_active_in_projects(api: Api) -> None:
    user, _ = await as_new_user(api, "uma")
    root = (await api.call("users.get_current_user"))["user"]["id"]
    above, below, aside = await api.kernel.metadata.write(lambda session: add_work(session, user, root))

    async def active(*projects: str) -> list[str]:
        found = await api.call("users.get_all_ex", active_in_projects=list(projects))
        return [one["name"] for one in found["users"]]

    assert await active(above) == ["uma"]
    assert await active(below) == ["uma"]
    assert await active(aside) == ["admin"]
    assert await active("unknown") == []
    assert await active() == ["admin", "uma"]


def add_work(session: Session, of_task: str, of_model: str) -> list[str]:
    """Three projects, one below another; a user's task in the lower one, and a user's model in the third."""
    projects = [store.ensure_project(session, SYSTEM, name) for name in ("above", "above/below", "aside")]
    store.insert(session, TASK, {"name": "made", "company": COMPANY, "user": of_task, "project": projects[1]})
    store.insert(session, MODEL, {"name": "made", "company": COMPANY, "user": of_model, "project": projects[2]})
    return projects


async def test_the_last_login_is_noted(api: Api) -> None:
    await api.call("auth.login")
    await api.call("auth.get_credentials")
    (found,) = (await api.call("users.get_all_ex"))["users"]
    assert found["last_login"].endswith("+00:00")
