"""What a task is in a cluster: the documents of its Job and of its Secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trackyard.core.runtimes import RuntimeLimits, TaskLaunch

AGENT, TASK = "trackyard/agent", "trackyard/task"
PULL = {"missing": "IfNotPresent", "always": "Always", "never": "Never"}
UNITS = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30}


def job_name(task: str) -> str:
    """The name of a task's Job and Secret; the cluster refuses a second one of that name."""
    return f"trackyard-{task}"


def quantity(text: str) -> float:
    """A quantity as clusters write it: ``250m`` is 0.25, ``64Mi`` is 67108864."""
    for unit in sorted(UNITS, key=len, reverse=True):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * UNITS[unit]
    return float(text)


@dataclass(frozen=True)
class JobShape:
    """What is the same for all Jobs of an agent."""

    agent: str
    command: Sequence[str]
    pull: str
    capabilities: Sequence[str]
    service_account: str
    node_selector: Mapping[str, str]
    pull_secrets: Sequence[str]

    def secret(self, launch: TaskLaunch) -> dict[str, Any]:
        """The environment of a task."""
        metadata = {"name": job_name(launch.task), "labels": self._labels(launch)}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": dict(launch.environment)}

    def job(self, launch: TaskLaunch, limits: RuntimeLimits) -> dict[str, Any]:
        """A Job that runs its pod once."""
        labels = self._labels(launch)
        metadata = {"name": job_name(launch.task), "labels": labels, "annotations": {"trackyard/name": launch.name[:200]}}
        template = {"metadata": {"labels": labels}, "spec": self._pod(launch, limits)}
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata,
            "spec": {"backoffLimit": 0, "completions": 1, "parallelism": 1, "template": template},
        }

    def _labels(self, launch: TaskLaunch) -> dict[str, str]:
        return {AGENT: self.agent, TASK: launch.task}

    def _pod(self, launch: TaskLaunch, limits: RuntimeLimits) -> dict[str, Any]:
        pod: dict[str, Any] = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": bool(self.service_account),
            "containers": [self._container(launch, limits)],
        }
        if self.service_account:
            pod["serviceAccountName"] = self.service_account
        if self.node_selector:
            pod["nodeSelector"] = dict(self.node_selector)
        if self.pull_secrets:
            pod["imagePullSecrets"] = [{"name": name} for name in self.pull_secrets]
        return pod

    def _container(self, launch: TaskLaunch, limits: RuntimeLimits) -> dict[str, Any]:
        wanted: dict[str, str] = {}
        if limits.memory:
            wanted["memory"] = str(limits.memory)
        if limits.cpus:
            wanted["cpu"] = f"{int(limits.cpus * 1000)}m"
        rights = {"drop": ["ALL"], "add": list(self.capabilities)}
        return {
            "name": "task",
            "image": launch.image,
            "imagePullPolicy": PULL.get(self.pull, "IfNotPresent"),
            "command": list(self.command),
            "envFrom": [{"secretRef": {"name": job_name(launch.task)}}],
            "resources": {"limits": wanted},
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": rights},
        }
