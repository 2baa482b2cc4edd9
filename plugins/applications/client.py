"""The application's side: register the application of this task.

`register` needs nothing but Python's own library. The environment says where the server is (``CLEARML_API_HOST``,
``CLEARML_API_ACCESS_KEY``, ``CLEARML_API_SECRET_KEY``) and which task this is (``CLEARML_TASK_ID``), as in every
task of an agent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

TIMEOUT = 120


class Place(NamedTuple):
    """Where the application must listen, and the path of its page on the web site."""

    host: str
    port: int
    path: str


def call(endpoint: str, body: dict[str, Any]) -> Any:
    """The ``data`` of an endpoint; raises `RuntimeError` with the server's message."""
    keys = f"{os.environ['CLEARML_API_ACCESS_KEY']}:{os.environ['CLEARML_API_SECRET_KEY']}"
    headers = {"Content-Type": "application/json", "Authorization": "Basic " + base64.b64encode(keys.encode()).decode()}
    url = os.environ["CLEARML_API_HOST"].rstrip("/") + "/" + endpoint
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - the server's own URL
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{endpoint}: {error.read().decode(errors='replace')}") from None


def register(port: int = 0, *, only_owner: bool = False) -> Place:
    """Tell the server that the application of this task listens on a port (0: a free one), and prove that the port is ours.

    Call it before the application listens there, and let it listen on the host that is given back.
    """
    secret = secrets.token_hex(32)
    with ThreadingHTTPServer(("", port), _prover(secret)) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            body = {"task": os.environ["CLEARML_TASK_ID"], "port": server.server_port, "secret": secret, "only_owner": only_owner}
            return Place(**call("applications.register", body))
        finally:
            server.shutdown()


def _prover(secret: str) -> type[BaseHTTPRequestHandler]:
    class Prover(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name is that of the base class
            number = self.path.rpartition("/")[2]
            proof = hmac.new(secret.encode(), number.encode(), hashlib.sha256).hexdigest().encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(proof)))
            self.end_headers()
            self.wfile.write(proof)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Prover
