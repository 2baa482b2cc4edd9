"""Pages in Chromium with 100,000 tasks in the store: first paint, the table, 100 curves, bytes of JavaScript."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
from playwright.sync_api import Browser, Page, sync_playwright
from trackyard.core.testing.http import Api
from trackyard.core.testing.server import ServerProcess
from trackyard.storage_backends.metadata_sql.backend import SqliteBackend

from benchmarks import query_tasks
from benchmarks.report import figure

CHROMIUM = "/usr/bin/chromium"
ROUNDS = 7
METRICS, VARIANTS, POINTS = 10, 10, 1000
"""The curves of the page of scalars."""

PAINT = """() => new Promise((resolve) => {
  const found = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  if (found() !== undefined) resolve(found());
  else new PerformanceObserver(() => { if (found() !== undefined) resolve(found()); }).observe({ type: "paint", buffered: true });
})"""
ROWS = "() => document.querySelectorAll('#grid .r[data-id]').length > 10 && !document.querySelector('#grid .ghost')"
ACT = f"""() => new Promise((resolve) => {{
  const text = () => document.querySelector("#grid .space").textContent;
  const complete = {ROWS};
  const before = text();
  const start = performance.now();
  const look = () => {{
    if (complete() && text() !== before) requestAnimationFrame(() => resolve(performance.now() - start));
    else requestAnimationFrame(look);
  }};
  ACTION;
  look();
}})"""
TYPED = (
    "const box = document.querySelector('#search'); box.value = '{}'; box.dispatchEvent(new Event('input', {{ bubbles: true }}));"
)
DRAWN = """() => new Promise((resolve) => {
  const look = () => {
    const all = [...document.querySelectorAll("#chart-grid figure.card")];
    const seen = all.filter((card) => card.getBoundingClientRect().top < innerHeight);
    const drawn = seen.length > 1 && seen.every((card) => card.querySelectorAll(".js-line").length > 9);
    if (drawn) resolve(performance.now());
    else requestAnimationFrame(look);
  };
  look();
})"""
SCRIPT_BYTES = """() => performance.getEntriesByType("resource")
  .filter(({ name }) => name.endsWith(".js") && !name.includes("plotly"))
  .reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0) / 1000"""


async def fill(folder: Path) -> None:
    """Store 100,000 tasks in the data directory of a server that has never run."""
    folder.mkdir(parents=True)
    store = await SqliteBackend().open("sqlite:///metadata.db", folder)
    await store.close()
    await asyncio.to_thread(query_tasks.fill, folder / "metadata.db")


def scalars(task: str) -> Iterator[list[dict[str, object]]]:
    """The points of 100 curves, by metric."""
    now = int(time.time() * 1000)
    for metric in range(METRICS):
        yield [
            {
                "type": "training_stats_scalar",
                "task": task,
                "metric": f"metric {metric}",
                "variant": f"variant {variant}",
                "iter": step,
                "value": (step * (variant + 1)) ** 0.5,
                "timestamp": now + step,
            }
            for variant in range(VARIANTS)
            for step in range(POINTS)
        ]


async def prepare(server: ServerProcess) -> tuple[str, str]:
    """A task with 100 curves, and a session of the administrator."""
    async with aiohttp.ClientSession() as session:
        api = Api(session, {"api": server.api, "web": server.web, "files": server.files})
        task: str = (await api.call("tasks.create", name="hundred curves", type="training"))["id"]
        await api.call("tasks.started", task=task)
        for events in scalars(task):
            await api.batch("events.add_batch", events)
        await api.call("tasks.completed", task=task)
        return task, (await api.call("auth.login"))["token"]


def visit(browser: Browser, server: ServerProcess, token: str) -> Page:
    """A window with a session."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "clearml_token_basic", "value": token, "url": server.web}])
    return context.new_page()


def paints(page: Page, server: ServerProcess, paths: dict[str, str]) -> None:
    """The first contentful paint of every page, and what it loads of our JavaScript."""
    for name, path in paths.items():
        times = []
        for _ in range(ROUNDS):
            page.goto(server.web + path)
            times.append(float(page.evaluate(PAINT)))
        figure(f"first contentful paint, {name}", times, "ms", aim="300")
        page.wait_for_load_state("networkidle")
        figure(f"JavaScript without Plotly, {name}", float(page.evaluate(SCRIPT_BYTES)), "kB", aim="150")


def table(page: Page, server: ServerProcess) -> None:
    """Sort, search, filter and scroll among 100,000 tasks: from the event to the frame with the new rows."""
    actions = {
        "sort by name": "document.querySelector('.h[data-key=name] button').click()",
        "search": TYPED.format("network 777"),
        "search for everything": TYPED.format(""),
        "scroll by a page": "document.querySelector('#grid').scrollTop += 800",
        "jump to row 50,000": "document.querySelector('#grid').scrollTop = 50000 * 32",
    }
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(ROUNDS):
        page.goto(server.web + "/tasks")
        page.wait_for_function(ROWS)
        for name, action in actions.items():
            times[name].append(float(page.evaluate(ACT.replace("ACTION", action))))
    for name, values in times.items():
        figure(f"table of 100,000 tasks, {name}", values, "ms", aim="100")


def curves(page: Page, server: ServerProcess, task: str) -> None:
    """From the click on the address to the charts in view being drawn."""
    times = []
    for _ in range(ROUNDS):
        page.goto(f"{server.web}/tasks/{task}/scalars", wait_until="commit")
        times.append(float(page.evaluate(DRAWN)))
    figure("page of 100 curves drawn", times, "ms", aim="1,000")


def main() -> None:
    """Print the figures of pages."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(fill(Path(folder) / "data"))
        with ServerProcess(Path(folder)) as server:
            task, token = asyncio.run(prepare(server))
            measure(server, task, token)


def measure(server: ServerProcess, task: str, token: str) -> None:
    """Open every page and act on it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = visit(browser, server, token)
        project = f"{3:032x}"
        paths = {
            "home": "/",
            "projects": "/projects",
            "tasks": "/tasks",
            "tasks of a project": f"/projects/{project}/tasks",
            "task": f"/tasks/{task}/overview",
            "scalars": f"/tasks/{task}/scalars",
            "console": f"/tasks/{task}/console",
            "compare": f"/compare?ids={task}",
            "models": "/models",
        }
        paints(page, server, paths)
        table(page, server)
        curves(page, server, task)
        browser.close()


if __name__ == "__main__":
    main()
