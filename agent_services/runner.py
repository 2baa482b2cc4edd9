"""Runs one task inside its container or process: fetches it, lays out its code, installs what it needs, runs it.

This file is copied into the container by itself, so it imports nothing but Python's own library and runs on 3.8 and newer.
The environment says where the server is (``CLEARML_API_HOST``, ``CLEARML_API_ACCESS_KEY``, ``CLEARML_API_SECRET_KEY``) and
which task it is (``CLEARML_TASK_ID``). ``TRACKYARD_SETUP`` is a shell script that runs first. With
``TRACKYARD_INSTALL=none`` the task's requirements are not installed.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from typing import Any

ATTEMPTS = 60


def call(endpoint: str, body: dict[str, Any]) -> Any:
    """The data of an endpoint; a server that is away is asked again for some minutes."""
    keys = os.environ["CLEARML_API_ACCESS_KEY"] + ":" + os.environ["CLEARML_API_SECRET_KEY"]
    headers = {"Content-Type": "application/json", "Authorization": "Basic " + base64.b64encode(keys.encode()).decode()}
    url = os.environ["CLEARML_API_HOST"].rstrip("/") + "/" + endpoint
    for attempt in range(ATTEMPTS):
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - the server's own URL
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise SystemExit("%s: %s" % (endpoint, error.read().decode(errors="replace"))) from None  # noqa: UP031
        except OSError as error:
            print("%s: %s" % (endpoint, error), flush=True)  # noqa: UP031
        time.sleep(min(2**attempt / 10, 10))
    raise SystemExit("the server at %s does not answer" % url)  # noqa: UP031


def lay_out(script: dict[str, Any], folder: str) -> str:
    """Put the code into the folder: a clone of the repository with the diff, or the diff as the script itself."""
    repository = script.get("repository")
    entry_point = script.get("entry_point") or "task.py"
    if not repository:
        path = os.path.join(folder, os.path.basename(entry_point.split()[-1]))  # noqa: PTH118, PTH119
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(script.get("diff") or "")
        return folder
    code = os.path.join(folder, "code")  # noqa: PTH118
    branch = ["--branch", script["branch"]] if script.get("branch") and not script.get("version_num") else []
    subprocess.run(["git", "clone", "--quiet", *branch, "--", repository, code], check=True)
    if script.get("version_num") or script.get("tag"):
        subprocess.run(["git", "-C", code, "checkout", "--quiet", script.get("version_num") or script["tag"], "--"], check=True)
    if script.get("diff"):
        subprocess.run(["git", "-C", code, "apply", "--whitespace=nowarn"], input=script["diff"].encode(), check=True)
    return os.path.join(code, script.get("working_dir") or ".")  # noqa: PTH118


def install(script: dict[str, Any], folder: str) -> None:
    """Install the task's own requirements with pip."""
    wanted = (script.get("requirements") or {}).get("pip") or ""
    text = wanted if isinstance(wanted, str) else "\n".join(wanted)
    if os.environ.get("TRACKYARD_INSTALL") == "none" or not text.strip():
        return
    path = os.path.join(folder, "requirements.txt")  # noqa: PTH118
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", path], check=True)


def command(script: dict[str, Any]) -> list[str]:
    """The command line: a module (``-m package.module``) or a file."""
    entry_point = (script.get("entry_point") or "task.py").split()
    if script.get("repository"):
        return [sys.executable, "-u", *entry_point]
    return [sys.executable, "-u", os.path.basename(entry_point[-1])]  # noqa: PTH119


def main() -> None:
    """Run the task that the environment names; the exit code is that of its script."""
    setup = os.environ.pop("TRACKYARD_SETUP", "")
    if setup.strip():
        subprocess.run(["/bin/sh", "-ec", setup], check=True)
    task = call("tasks.get_by_id", {"task": os.environ["CLEARML_TASK_ID"]})["task"]
    script = task.get("script") or {}
    folder = tempfile.mkdtemp(prefix="task-")
    place = lay_out(script, folder)
    install(script, folder)
    os.chdir(place)
    line = command(script)
    os.execv(line[0], line)  # noqa: S606 - the process becomes the task, so that signals reach it


if __name__ == "__main__":
    main()
