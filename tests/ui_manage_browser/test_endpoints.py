"""Serving endpoints as a person looks at them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from trackyard.core.testing.server import ServerProcess

from tests.ui_browser.conftest import WAIT, call
from tests.ui_manage_browser.conftest import faults

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
expect.set_options(timeout=WAIT)


def test_an_endpoint_comes_by_itself(page: Page, server: ServerProcess) -> None:
    """The empty page says how to serve; an endpoint that registers is shown without a reload."""
    page.goto(f"{server.web}/endpoints")
    expect(page.get_by_role("heading", name="Nothing is served")).to_be_visible()
    assert faults(page) == []
    body = {"container_id": "serve-one", "endpoint_name": "ranker", "endpoint_url": "http://serve/ranker", "model_name": "v3"}
    call(server, "serving.register_container", **body)
    call(server, "serving.container_status_report", **body, uptime_sec=5, requests_num=7, requests_min=2.5, latency_ms=12)
    expect(page.get_by_role("region", name="Endpoint ranker")).to_contain_text("7 requests")
    expect(page.get_by_role("row", name="serve-one")).to_contain_text("12 ms")
    assert faults(page) == []
