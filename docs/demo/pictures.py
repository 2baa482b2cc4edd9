"""Take the pictures of the documentation from a running demonstration: ``make pictures`` beside ``make demo``.

Each page is taken at 1280 × 800, some of them in the dark theme, and stored in ``docs/pictures/`` as WebP of at most 150 kB.
"""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright
from trackyard.core.client import ApiClient

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs/pictures"
ADDRESS = ROOT / "build/demo/address"
CHROMIUM = "/usr/bin/chromium"
SIZE: ViewportSize = {"width": 1280, "height": 800}
LIMIT = 150_000
PAGES = {
    "home": ("/", "light", ".runs tbody tr"),
    "home-dark": ("/", "dark", ".runs tbody tr"),
    "tasks": ("/projects/{project}/tasks", "light", "#grid .r[data-id]"),
    "task": ("/tasks/{task}/overview", "light", "#top-curves .scatterlayer"),
    "scalars-dark": ("/tasks/{task}/scalars", "dark", "#chart-grid .scatterlayer"),
    "samples": ("/tasks/{task}/samples", "light", ".sample img"),
    "compare": ("/compare?ids={pair}&tab=scalars", "light", ".scatterlayer"),
    "models": ("/models", "light", "table.models tbody tr"),
    "pipeline": ("/pipelines/{pipeline}?run={run}", "light", "#step-panel header"),
    "dataset-dark": ("/datasets/{dataset}", "dark", ".graph a"),
    "report": ("/reports/{report}", "light", "iframe"),
    "queues": ("/queues", "light", ".queue"),
    "workers-dark": ("/workers?id=gpu-01", "dark", "#worker .scatterlayer"),
    "plugins": ("/settings/plugins", "light", ".plugin"),
}


async def names(web: str, password: str) -> tuple[str, dict[str, str]]:
    """The token of a session, and what stands in the addresses."""
    async with ApiClient(f"{web}/api", "admin", password) as api:
        token = str((await api.call("auth.login"))["token"])
        fields = ["name", "project.id"]
        shown = (await api.call("tasks.get_all_ex", {"name": "on road scenes$", "only_fields": fields}))["tasks"]
        hidden = (await api.call("projects.get_all", {"search_hidden": True}))["projects"]
        report = (await api.call("reports.get_all_ex", {"name": "^Which", "only_fields": ["id"]}))["tasks"][0]["id"]
        pipeline, dataset = _first(hidden, "/.pipelines/"), _first(hidden, "/.datasets/")
        body = {"project": [pipeline], "type": ["controller"], "search_hidden": True, "order_by": ["-started"]}
        run = (await api.call("tasks.get_all_ex", body))["tasks"][0]["id"]
    ids = [task["id"] for task in shown]
    known = {"task": ids[0], "pair": ",".join(ids), "project": shown[0]["project"]["id"], "report": report, "run": run}
    return token, {**known, "pipeline": pipeline, "dataset": dataset}


def _first(projects: list[dict[str, Any]], part: str) -> str:
    return next(str(project["id"]) for project in projects if part in project["name"])


def take(page: Page, name: str, address: str, wanted: str) -> None:
    """One picture: the page at rest, as WebP as good as the limit lets it be."""
    page.goto(address)
    page.locator(wanted).first.wait_for(timeout=120_000)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)  # charts end their drawing; nothing depends on it but the picture
    picture = Image.open(io.BytesIO(page.screenshot()))
    for quality in range(88, 20, -6):
        stored = io.BytesIO()
        picture.save(stored, "WEBP", quality=quality, method=6)
        if stored.tell() <= LIMIT:
            break
    (PICTURES / f"{name}.webp").write_bytes(stored.getvalue())
    print(f"{name}.webp {stored.tell() // 1000} kB")


def main() -> None:
    """All pictures, from the demonstration that runs."""
    web, password = ADDRESS.read_text().split()
    token, known = asyncio.run(names(web, password))
    PICTURES.mkdir(exist_ok=True)
    cookie = {"name": "clearml_token_basic", "value": token, "url": web, "httpOnly": True, "sameSite": "Lax"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for theme in ("light", "dark"):
            context = browser.new_context(viewport=SIZE, color_scheme=theme)
            context.add_cookies([cookie])  # type: ignore[list-item]
            page = context.new_page()
            for name, (path, shown, wanted) in PAGES.items():
                if shown == theme:
                    take(page, name, web + path.format(**known), wanted)
        browser.close()


if __name__ == "__main__":
    main()
