"""The Kubernetes runtime against a simulated cluster whose pods are real processes."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from trackyard.agent_services.kubernetes_jobs import quantity
from trackyard.agent_services.kubernetes_runtime import KubernetesRuntime
from trackyard.core.runtimes import RuntimeUnavailable

from tests.agent_services.cluster import Cluster
from tests.agent_services.conftest import QUICK, WORKER, Yard

SETTINGS = msgspec.structs.replace(QUICK, capabilities=("NET_BIND_SERVICE",), kubernetes_node_selector={"disk": "fast"})
WAITS = "import os, time\nprint('works', flush=True)\nwhile True: time.sleep(0.1)"


@pytest.fixture
async def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cluster]:
    """A cluster that the kubeconfig leads to."""
    cluster = Cluster()
    async with cluster.serving(tmp_path) as config:
        monkeypatch.setattr("kubernetes_asyncio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(config))
        yield cluster


async def script(yard: Yard, code: str, image: str = "python", arguments: str = "") -> str:
    """A service task."""
    container = {"image": image, "arguments": arguments}
    return await yard.enqueue(script={"diff": code, "entry_point": "service.py"}, container=container)


async def works(yard: Yard, task: str) -> None:
    """Wait until the task has said so."""

    async def said() -> bool:
        return await yard.log(task) == ["works"]

    await yard.until(said)


async def test_tasks_are_jobs(yard: Yard, cluster: Cluster) -> None:
    """Output, exits, refusals, abort; nothing is left in the cluster."""
    good, bad = await script(yard, "print('works')"), await script(yard, "print('works')\nraise SystemExit(3)")
    big, stopped = await script(yard, WAITS), await script(yard, WAITS)
    refused, missing = await script(yard, "", image="not allowed"), await script(yard, "", image="missing")
    arguments = await script(yard, "", arguments="--env A=1")
    async with yard.agent(KubernetesRuntime(SETTINGS), memory="512m", cpus=0.5):
        await yard.until_status(good, "completed")
        assert (await yard.until_status(bad, "failed"))["status_message"] == "Task failed (exit code 3)"
        assert "not allowed by the policy" in (await yard.until_status(refused, "failed"))["status_message"]
        message = (await yard.until_status(missing, "failed"))["status_message"]
        assert message == "Task failed: ImagePullBackOff: no image missing"
        assert "container.arguments" in (await yard.until_status(arguments, "failed"))["status_message"]
        await works(yard, big)
        check_job(cluster, big)
        cluster.end_for_memory(big)
        assert (await yard.until_status(big, "failed"))["status_message"] == "Task out of memory (exit code 137)"
        await works(yard, stopped)
        await yard.api.call("tasks.stop", task=stopped)
        assert (await yard.until_status(stopped, "stopped"))["status_message"].startswith("Stopped by the user")

        async def empty() -> bool:
            return not (cluster.jobs or cluster.secrets or cluster.pods)

        await yard.until(empty)
    assert await yard.log(good) == await yard.log(bad) == ["works"]


def check_job(cluster: Cluster, task: str) -> None:
    """Limits, few rights, and no credentials in the Job itself."""
    pod = cluster.jobs[f"trackyard-{task}"]["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"disk": "fast"}
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    assert container["resources"]["limits"] == {"memory": str(512 * 2**20), "cpu": "500m"}
    assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
    assert "NET_BIND_SERVICE" in container["securityContext"]["capabilities"]["add"]
    assert "env" not in container
    assert "CLEARML_API_SECRET_KEY" in cluster.secrets[f"trackyard-{task}"]["stringData"]


async def test_a_new_agent_adopts_the_jobs_of_the_old_one(yard: Yard, cluster: Cluster) -> None:
    task = await script(yard, WAITS)
    async with yard.agent(KubernetesRuntime(SETTINGS)):
        await works(yard, task)
    async with yard.agent(KubernetesRuntime(SETTINGS)):
        await yard.api.call("tasks.stop", task=task)
        await yard.until_status(task, "stopped")
    assert cluster.launched == [task]
    assert await yard.log(task) == ["works"]


async def test_what_a_pod_uses_is_told(yard: Yard, cluster: Cluster) -> None:
    task = await script(yard, WAITS)
    runtime = KubernetesRuntime(SETTINGS)
    async with yard.agent(KubernetesRuntime(SETTINGS)):
        await works(yard, task)
        await runtime.open(WORKER)
        assert await runtime.statistics(task) == {"cpu_usage": 25.0, "memory_used": 64.0}
        await runtime.close()
        await yard.api.call("tasks.stop", task=task)
        await yard.until_status(task, "stopped")


async def test_a_cluster_that_is_away_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster()
    async with cluster.serving(tmp_path) as config:
        monkeypatch.setattr("kubernetes_asyncio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(config))
    runtime = KubernetesRuntime(SETTINGS)
    with pytest.raises(RuntimeUnavailable, match="can't be reached"):
        await runtime.open(WORKER)
    await runtime.close()


def test_quantities() -> None:
    told = [quantity(text) for text in ("2", "250m", "100n", "64Mi", "1Gi")]
    assert told == pytest.approx([2.0, 0.25, 1e-07, 2.0**26, 2.0**30])
