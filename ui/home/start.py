"""The first visit: what to install, how to point the SDK at this server, and a script to run."""

from __future__ import annotations

from typing import Any

from trackyard.core.panels import Page
from trackyard.core.routes import Visit

INSTALL = "pip install clearml"

SCRIPT = """\
from clearml import Task

task = Task.init(project_name="First steps", task_name="hello")
logger = task.get_logger()
parameters = task.connect({"rate": 0.1, "steps": 100})

value = 1.0
for step in range(int(parameters["steps"])):
    value *= 1 - float(parameters["rate"]) / 2
    logger.report_scalar("loss", "train", value, iteration=step)
    print(f"step {step}: {value:.4f}")
"""

CONFIG = """\
api {{
  api_server: {api}
  web_server: {web}
  files_server: {files}
  credentials {{ "access_key" = "{key}", "secret_key" = "{secret}" }}
}}"""


async def getting_started(page: Page) -> dict[str, Any]:
    """The three boxes; the second has credentials once the reader has made them."""
    return {"install": INSTALL, "config": configuration(page), "script": SCRIPT, "urls": server_urls(page)}


def server_urls(page: Visit) -> dict[str, str]:
    """The addresses of the three servers as clients reach them."""
    server, ports = page.kernel.server, page.kernel.ports
    scheme = page.request.scheme
    host = page.request.host.rpartition(":")[0] or page.request.host

    def address(public: str, name: str, port: int) -> str:
        return public or f"{scheme}://{host}:{ports.get(name, port)}"

    return {
        "api": address(server.public_api, "api", server.api_port),
        "web": address(server.public_web, "web", server.web_port),
        "files": address(server.public_files, "files", server.files_port),
    }


def configuration(page: Page, key: str = "…", secret: str = "…") -> str:  # noqa: S107 - a placeholder, not a secret
    """The text of a ``clearml.conf`` for this server."""
    return CONFIG.format(key=key, secret=secret, **server_urls(page))
