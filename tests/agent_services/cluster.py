"""A simulated cluster: the part of the Kubernetes API that Jobs, Pods, Secrets, logs and watching need.

Its kubelet runs the command of a pod as a process of this machine, with the environment of its Secret.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

BASE = "/apis/batch/v1/namespaces/{namespace}/jobs"
CORE = "/api/v1/namespaces/{namespace}"
CONFIG = """
apiVersion: v1
kind: Config
current-context: simulated
clusters: [{{name: simulated, cluster: {{server: "{url}"}}}}]
users: [{{name: nobody, user: {{token: "token"}}}}]
contexts: [{{name: simulated, context: {{cluster: simulated, user: nobody}}}}]
"""


class Pod:
    """A pod: its document, its log, its process."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.name = job["metadata"]["name"] + "-pod"
        self.labels = job["metadata"]["labels"]
        self.spec = job["spec"]["template"]["spec"]
        self.phase = "Pending"
        self.state: dict[str, Any] = {"waiting": {"reason": "ContainerCreating"}}
        self.lines: list[bytes] = []
        self.process: asyncio.subprocess.Process | None = None
        self.out_of_memory = False

    def document(self) -> dict[str, Any]:
        """As the API tells it."""
        status = {"name": "task", "image": "", "imageID": "", "ready": False, "restartCount": 0, "state": self.state}
        return {
            "kind": "Pod",
            "metadata": {"name": self.name, "labels": self.labels},
            "spec": self.spec,
            "status": {"phase": self.phase, "containerStatuses": [status]},
        }


class Cluster:
    """The API server and the kubelet."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, dict[str, Any]] = {}
        self.pods: dict[str, Pod] = {}
        self.launched: list[str] = []
        self._changed = asyncio.Condition()
        self._closes = False
        self._kubelets: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def serving(self, folder: Path) -> AsyncIterator[Path]:
        """Answer on a free port; gives the kubeconfig."""
        application = web.Application()
        application.add_routes(self._routes())
        runner = web.AppRunner(application, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        config = folder / "kubeconfig"
        config.write_text(CONFIG.format(url=f"http://127.0.0.1:{runner.addresses[0][1]}"))
        try:
            yield config
        finally:
            async with self._changed:  # whoever watches would keep the server from closing until the watch's own end
                self._closes = True
                self._changed.notify_all()
            for kubelet in list(self._kubelets):
                kubelet.cancel()
            await asyncio.gather(*self._kubelets, return_exceptions=True)
            await runner.cleanup()

    def _routes(self) -> list[web.RouteDef]:
        return [
            web.get(BASE, self._list_jobs),
            web.post(BASE, self._create_job),
            web.get(BASE + "/{name}", self._read_job),
            web.patch(BASE + "/{name}", self._patch_job),
            web.delete(BASE + "/{name}", self._delete_job),
            web.post(CORE + "/secrets", self._create_secret),
            web.delete(CORE + "/secrets/{name}", self._delete_secret),
            web.get(CORE + "/pods", self._list_pods),
            web.delete(CORE + "/pods", self._delete_pods),
            web.get(CORE + "/pods/{name}/log", self._log),
            web.get("/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods/{name}", self._metrics),
        ]

    async def _create_secret(self, request: web.Request) -> web.Response:
        document = await request.json()
        return self._created(self.secrets, document)

    async def _create_job(self, request: web.Request) -> web.Response:
        document = await request.json()
        image = document["spec"]["template"]["spec"]["containers"][0]["image"]
        if image == "not allowed":
            return _refused(422, "the image is not allowed by the policy of this cluster")
        answer = self._created(self.jobs, document)
        if answer.status == 201:
            document["status"] = {}
            pod = Pod(document)
            self.launched.append(pod.labels["trackyard/task"])
            self.pods[pod.name] = pod
            kubelet = asyncio.create_task(self._run(pod))
            self._kubelets.add(kubelet)
            kubelet.add_done_callback(self._kubelets.discard)
        return answer

    def _created(self, known: dict[str, dict[str, Any]], document: dict[str, Any]) -> web.Response:
        name = document["metadata"]["name"]
        if name in known:
            return _refused(409, f"{name} already exists")
        known[name] = document
        return web.json_response(document, status=201)

    async def _run(self, pod: Pod) -> None:
        """What the kubelet does with a pod."""
        container = pod.spec["containers"][0]
        if container["image"] == "missing":
            await self._tell(pod, "Pending", {"waiting": {"reason": "ImagePullBackOff", "message": "no image missing"}})
            return
        environment = self.secrets[container["envFrom"][0]["secretRef"]["name"]]["stringData"]
        pod.process = await asyncio.create_subprocess_exec(
            *[sys.executable, *container["command"][1:]],
            env={"PATH": os.environ["PATH"], **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        assert pod.process.stdout is not None
        try:
            await self._tell(pod, "Running", {"running": {}})
            async for line in pod.process.stdout:
                pod.lines.append(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ ").encode() + line)
                await self._tell(pod, "Running", pod.state)
            code = await pod.process.wait()
        finally:
            if pod.process.returncode is None:
                os.killpg(pod.process.pid, signal.SIGKILL)
                await pod.process.wait()
        ended = {"exitCode": code if code >= 0 else 128 - code, "reason": "Completed" if code == 0 else "Error"}
        if pod.out_of_memory:
            ended = {"exitCode": 137, "reason": "OOMKilled"}
        await self._tell(pod, "Succeeded" if code == 0 else "Failed", {"terminated": ended})

    async def _tell(self, pod: Pod, phase: str, state: dict[str, Any]) -> None:
        async with self._changed:
            pod.phase, pod.state = phase, state
            self._changed.notify_all()

    def end_for_memory(self, task: str) -> None:
        """What the kernel does to a pod that takes too much."""
        (pod,) = [pod for pod in self.pods.values() if pod.labels["trackyard/task"] == task]
        assert pod.process is not None
        pod.out_of_memory = True
        os.killpg(pod.process.pid, signal.SIGKILL)

    async def _list_jobs(self, request: web.Request) -> web.Response:
        found = [job for job in self.jobs.values() if _selected(request, job["metadata"]["labels"])]
        return web.json_response({"kind": "JobList", "items": found, "metadata": {}})

    async def _read_job(self, request: web.Request) -> web.Response:
        job = self.jobs.get(request.match_info["name"])
        return web.json_response(job) if job else _refused(404, "no such Job")

    async def _patch_job(self, request: web.Request) -> web.Response:
        job = self.jobs.get(request.match_info["name"])
        if job is None:
            return _refused(404, "no such Job")
        job["spec"] |= msgspec.json.decode(await request.read())["spec"]
        return web.json_response(job)

    async def _delete_job(self, request: web.Request) -> web.Response:
        job = self.jobs.pop(request.match_info["name"], None)
        if job is None:
            return _refused(404, "no such Job")
        await self._remove_pods(job["metadata"]["labels"]["trackyard/task"])
        return web.json_response(job)

    async def _delete_secret(self, request: web.Request) -> web.Response:
        gone = self.secrets.pop(request.match_info["name"], None)
        return web.json_response({"kind": "Status"}) if gone else _refused(404, "no such Secret")

    async def _delete_pods(self, request: web.Request) -> web.Response:
        await self._remove_pods(request.query["labelSelector"].partition("=")[2])
        return web.json_response({"kind": "Status"})

    async def _remove_pods(self, task: str) -> None:
        for name, pod in list(self.pods.items()):
            if pod.labels["trackyard/task"] == task:
                if pod.process is not None and pod.process.returncode is None:
                    os.killpg(pod.process.pid, signal.SIGTERM)
                    await pod.process.wait()
                self.pods.pop(name)
        async with self._changed:
            self._changed.notify_all()

    def _pods(self, request: web.Request) -> list[dict[str, Any]]:
        return [pod.document() for pod in self.pods.values() if _selected(request, pod.labels)]

    async def _list_pods(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("watch", "").lower() != "true":
            return web.json_response({"kind": "PodList", "items": self._pods(request), "metadata": {}})
        response = web.StreamResponse()
        await response.prepare(request)
        seen: dict[str, dict[str, Any]] = {}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(float(request.query["timeoutSeconds"])):
                while not self._closes:
                    now = {pod["metadata"]["name"]: pod for pod in self._pods(request)}
                    events = [("MODIFIED", pod) for name, pod in now.items() if seen.get(name) != pod]
                    events += [("DELETED", pod) for name, pod in seen.items() if name not in now]
                    for kind, pod in events:
                        await response.write(msgspec.json.encode({"type": kind, "object": pod}) + b"\n")
                    seen = msgspec.json.decode(msgspec.json.encode(now))
                    async with self._changed:
                        if not self._closes and self._pods(request) == list(now.values()):
                            await self._changed.wait()
        return response

    async def _log(self, request: web.Request) -> web.StreamResponse:
        pod = self.pods.get(request.match_info["name"])
        if pod is None:
            return _refused(404, "no such pod")
        response = web.StreamResponse()
        await response.prepare(request)
        sent = 0
        while True:
            for line in pod.lines[sent:]:
                await response.write(line)
                sent += 1
            if self._ended(pod):
                return response
            async with self._changed:
                if sent == len(pod.lines) and not self._ended(pod):
                    await self._changed.wait()

    def _ended(self, pod: Pod) -> bool:
        return self._closes or "terminated" in pod.state or pod.name not in self.pods

    async def _metrics(self, request: web.Request) -> web.Response:
        usage = {"cpu": "250m", "memory": "64Mi"}
        return web.json_response({"containers": [{"name": "task", "usage": usage}]})


def _selected(request: web.Request, labels: dict[str, str]) -> bool:
    key, _, value = request.query.get("labelSelector", "").partition("=")
    return not key or labels.get(key) == value


def _refused(code: int, message: str) -> web.Response:
    return web.json_response({"kind": "Status", "code": code, "message": message, "reason": "Refused"}, status=code)
