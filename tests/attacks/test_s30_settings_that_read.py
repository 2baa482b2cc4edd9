"""S26, S30: administrators of the web are not those of the machine: settings can't be made to read its files and variables."""

from typing import Any

import pytest
from trackyard.core import settings_file
from trackyard.core.testing.http import Api

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest.mark.parametrize(
    ("plugin", "values"),
    [
        ("ui", {"login_notice": {"file": "/etc/passwd"}}),
        ("ui", {"login_notice": {"env": "HOME"}}),
        ("alerts", {"targets": {"t": {"kind": "webhook", "url": {"file": "/etc/passwd"}}}}),
        ("alerts", {"disk_paths": ["/", {"env": "HOME"}]}),
    ],
)
async def test_no_form_names_a_place(api: Api, plugin: str, values: dict[str, Any]) -> None:
    path = settings_file.path_of(api.kernel.settings)
    before = path.read_text()
    answer = await api.ask("plugins.configure", {"plugin": plugin, "settings": values})
    assert answer.codes == (400, 12)
    assert "places of secrets" in answer.meta["result_msg"]
    assert "root:" not in str(answer.meta)
    assert path.read_text() == before
