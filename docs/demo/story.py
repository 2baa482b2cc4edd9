"""What a team has beside its runs: accounts, queues and workers, services, reports."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from trackyard.core.client import ApiClient

PROJECTS = ["Vision/Segmentation", "Vision/Detection", "Language/Translation", "Language/Speech", "Forecasting/Demand"]
REPORT = """\
We trained two encoders on the road scenes of the last month.

## What came out

{plot}

The small one learns faster; the large one ends **{gain}** better. Both are well above the baseline.

| encoder | mean IoU | latency |
| --- | --- | --- |
| unet | 0.78 | 18 ms |
| segformer | 0.76 | 19 ms |

## What we saw

{samples}

1. Far signs are still missed.
2. Sky and road are done.

> Next week: the same on rain.
"""


async def account(environment: Mapping[str, str], api: ApiClient, name: str) -> tuple[str, str]:
    """An account of a member and its credentials (access key and secret)."""
    company = (await api.call("users.get_current_user"))["user"]["company"]["id"]
    email, password = f"{name.lower()}@example.org", secrets.token_urlsafe(12)
    known = {user["name"]: user["id"] for user in (await api.call("users.get_all_ex"))["users"]}
    if name not in known:
        await api.call("auth.create_user", {"name": name, "email": email, "company": company, "password": password})
    else:
        await api.call("auth.set_password", {"user": known[name], "password": password})
    async with ApiClient(environment["CLEARML_API_HOST"], email, password) as member:
        made: dict[str, str] = (await member.call("auth.create_credentials", {"label": "demo"}))["credentials"]
    return made["access_key"], made["secret_key"]


async def team_queues(api: ApiClient, workers: Mapping[str, list[str]]) -> None:
    """Queues, and workers that listen to them."""
    known = {queue["name"]: queue["id"] for queue in (await api.call("queues.get_all"))["queues"]}
    for names in workers.values():
        for name in names:
            if name not in known:
                known[name] = (await api.call("queues.create", {"name": name}))["id"]
    for worker, names in workers.items():
        await api.call("workers.register", {"worker": worker, "queues": [known[name] for name in names], "timeout": 86_400})


async def services(api: ApiClient) -> None:
    """Services: a monitor that runs, one that waits, one that has failed."""
    project = await _project(api, "DevOps", "Services of the team.")
    for name, status in (("slack alerts", "started"), ("clean up old runs", "enqueue"), ("cost report", "failed")):
        script = {"repository": "https://git.example.org/devops.git", "entry_point": f"{name.split()[0]}.py", "binary": "python3"}
        body = {"name": name, "type": "service", "project": project, "script": script, "container": {"image": "python:3.11-slim"}}
        task = (await api.call("tasks.create", body))["id"]
        if status == "enqueue":
            await api.call("tasks.enqueue", {"task": task, "queue_name": "services"})
            continue
        await api.call("tasks.started", {"task": task})
        await api.call("tasks.ping", {"task": task})
        if status == "failed":
            await api.call("tasks.failed", {"task": task, "status_message": "ConnectionError: billing.example.org"})


async def projects(api: ApiClient) -> None:
    """The team's projects, before several scripts want to make the same one."""
    for name in PROJECTS:
        await _project(api, name, f"# {name.rpartition('/')[2]}\n\nWhat we try here, and [why](https://example.org/plan).")


async def _project(api: ApiClient, name: str, description: str) -> str:
    found = (await api.call("projects.get_all_ex", {"name": f"^{name}$", "only_fields": ["id"]}))["projects"]
    if found:
        return str(found[0]["id"])
    return str((await api.call("projects.create", {"name": name, "description": description}))["id"])


def frame(web: str, kind: str, tasks: list[str], metric: str, variants: list[str]) -> str:
    """The code that embeds a live plot."""
    parts = [("type", kind), ("objectType", "task"), *(("objects", task) for task in tasks), ("metrics", metric)]
    asked = "&".join(f"{name}={quote(value)}" for name, value in [*parts, *(("variants", one) for one in variants)])
    return f'<iframe src="{web}/widgets/?{asked}" name="{secrets.token_hex(8)}" width="100%" height="400"></iframe>'


async def reports(api: ApiClient, web: str) -> None:
    """A report with a live curve and samples, one that is published, one that is a draft."""
    body = {"name": "on road scenes$", "only_fields": ["id", "project.id"], "order_by": ["created"]}
    found: list[dict[str, Any]] = (await api.call("tasks.get_all_ex", body))["tasks"]
    tasks = [task["id"] for task in found]
    project = found[0]["project"]["id"] if found else None
    plot = frame(web, "scalar", tasks, "loss", ["validation"])
    samples = frame(web, "sample", tasks[:1], "samples", ["prediction"])
    text = REPORT.format(plot=plot, samples=samples, gain="1.8 %")
    for name, body_text, tags in (("Which encoder is best", text, ["weekly"]), ("How we label", "# Labels\n\nSix classes.", [])):
        made = await api.call("reports.create", {"name": name, "report": body_text, "project": project, "tags": tags})
        if name.startswith("How"):
            await api.call("reports.publish", {"task": made["id"]})
    await api.call(
        "reports.create", {"name": "Plan for the winter", "report": "## Rain\n\n- [ ] collect scenes", "tags": ["plan"]}
    )
