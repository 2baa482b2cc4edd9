"""Saved views of tables: kept under a name, private or shared, deleted by who saved them."""

from __future__ import annotations

from pathlib import Path

from trackyard.core.identity import DEFAULT_COMPANY as COMPANY
from trackyard.core.testing.http import Api
from trackyard.core.testing.kernel import serving_kernel


async def somebody(api: Api, name: str) -> Api:
    """A client of a new user."""
    user = (await api.call("auth.create_user", name=name, email=f"{name}@example.org", company=COMPANY))["id"]
    answer = await api.ask("auth.create_credentials", {}, {"X-ClearML-Impersonate-As": user})
    made = answer.data["credentials"]
    return api.as_user(made["access_key"], made["secret_key"])


async def names(api: Api, page: str = "tasks/all") -> dict[str, bool]:
    """The views that a user sees, and whether each is the user's own."""
    return {view["name"]: view["own"] for view in (await api.call("views.get_all", page=page))["views"]}


async def test_views_are_private_or_shared(tmp_path: Path) -> None:
    """Others see only shared views and can't delete them; saving again under a name replaces one's own."""
    async with serving_kernel(tmp_path) as api:
        other = await somebody(api, "grete")
        await api.call("views.save", page="tasks/all", name="mine", search="?q=a")
        shared = (await api.call("views.save", page="tasks/all", name="Ours", search="?q=b", shared=True))["id"]
        assert await names(api) == {"mine": True, "Ours": True}
        assert await names(other) == {"Ours": False}
        assert await names(other, "tasks/another") == {}
        await other.call("views.save", page="tasks/all", name="Ours", search="?q=c")
        assert len((await api.call("views.get_all", page="tasks/all"))["views"]) == 2
        again = (await api.call("views.save", page="tasks/all", name="Ours", search="?q=d", shared=True))["id"]
        assert again == shared
        searches = {view["name"]: view["search"] for view in (await api.call("views.get_all", page="tasks/all"))["views"]}
        assert searches == {"mine": "?q=a", "Ours": "?q=d"}
        assert (await other.ask("views.delete", {"view": shared})).codes == (403, 20)
        assert (await api.call("views.delete", view=shared)) == {"deleted": 1}
        assert (await api.ask("views.delete", {"view": shared})).status == 400


async def test_a_view_needs_a_name(tmp_path: Path) -> None:
    """An empty name and a query beyond all measure are refused."""
    async with serving_kernel(tmp_path) as api:
        assert (await api.ask("views.save", {"page": "tasks/all", "name": "", "search": ""})).codes == (400, 12)
        assert (await api.ask("views.save", {"page": "tasks/all", "name": "long", "search": "x" * 16_001})).codes == (400, 12)
