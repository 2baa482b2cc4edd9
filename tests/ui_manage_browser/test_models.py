"""Models as a person uses them, checked through the API."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ServerProcess

from tests.ui_browser.conftest import WAIT, call, with_api
from tests.ui_manage_browser.conftest import faults

# a journey of many steps: on a busy machine it takes minutes
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
expect.set_options(timeout=WAIT)


async def made(api: Api) -> dict[str, str]:
    """Three models, one of them made by a task and taken by another; ids by name."""
    project = (await api.call("projects.create", {"name": "Vision", "description": ""}))["id"]
    task = (await api.call("tasks.create", {"name": "baseline", "type": "training", "project": project}))["id"]
    models = {}
    for name, framework in (("unet", "PyTorch"), ("deeplab", "TensorFlow"), ("ranker", "XGBoost")):
        body = {
            "name": name,
            "framework": framework,
            "uri": f"s3://models/{name}",
            "ready": False,
            "task": task,
            "tags": ["night"],
        }
        models[name] = (await api.call("models.create", body | {"project": project}))["id"]
    inputs = {"input": [{"name": "start", "model": models["unet"]}]}
    await api.call("tasks.create", {"name": "finetune", "type": "training", "models": inputs})
    return models


def test_models_are_found_edited_and_put_away(page: Page, server: ServerProcess) -> None:
    """Filters, the page of a model with its lineage and edits, publish, archive with undo, delete."""
    models = with_api(server, made)
    page.goto(f"{server.web}/models")
    rows = page.locator("table.models tbody tr")
    expect(rows).to_have_count(3)
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_label("Framework", exact=True).select_option("PyTorch")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?framework=PyTorch$"))
    page.get_by_role("link", name="unet").click()

    lineage = page.get_by_role("group", name="Lineage of unet")
    expect(lineage.get_by_role("link")).to_have_text([re.compile("baseline"), re.compile("finetune")])
    page.locator('[data-live="metadata"]').get_by_role("button", name="Add").click()
    page.get_by_label("Key").fill("dataset")
    page.get_by_label("Value").fill("v3")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="dataset")).to_contain_text("v3")
    page.locator('[data-live="labels"]').get_by_role("button", name="Edit").click()
    page.get_by_label("One per line").fill("road = 1\nroad = 2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_have_text("Twice: road")
    page.get_by_label("One per line").fill("road = 1\ncar = 2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="car")).to_contain_text("2")
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("menuitem", name="Publish…").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator("#model .status")).to_have_text("Published")
    found = call(server, "models.get_by_id", model=models["unet"])["model"]
    assert found["ready"] is True
    assert found["labels"] == {"road": 1, "car": 2}
    assert found["metadata"]["dataset"]["value"] == "v3"

    page.goto(f"{server.web}/models")
    page.get_by_label("Choose deeplab").check()
    page.get_by_label("Choose ranker").check()
    page.get_by_role("button", name="2 models chosen").click()
    page.get_by_role("menuitem", name="Archive", exact=True).click()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(3)
    page.get_by_role("button", name="Actions on ranker").click()
    page.get_by_role("menuitem", name="Archive", exact=True).click()
    expect(rows).to_have_count(2)
    page.get_by_label("Archive", exact=True).select_option("1")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Actions on ranker").click()
    page.get_by_role("menuitem", name="Delete…").click()
    page.get_by_role("button", name="Delete 1 model").click()
    expect(page.get_by_role("heading", name="No model fits")).to_be_visible()
    left = call(server, "models.get_all")["models"]
    assert sorted(model["name"] for model in left) == ["deeplab", "unet"]
