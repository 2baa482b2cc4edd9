"""The agent's table of ``plugins.toml``."""

import re

import msgspec

SIZES = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}


class AgentSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table ``[agent_services]``: whether ``trackyard serve`` starts a services agent, and how an agent launches tasks.

    ``services``: run the automation services of plugins: in the agent's process, or without an agent in the server's.
    ``name`` is the worker's name (default: the host's name and ``:services``). ``runtime``: ``docker``, ``kubernetes`` or
    ``process``. ``memory`` (``512m``, ``2g``) and ``cpus`` limit each task, ``max_tasks`` all of them together.
    ``pull`` is ``missing``, ``always`` or
    ``never``. ``network`` is the name of a Docker network. ``allowed_arguments`` are the arguments of ``docker run`` that a
    task may ask for; others are refused. ``capabilities`` are added to the few that root keeps in a container
    (``NET_BIND_SERVICE``). ``variables`` are those of the agent's environment that the process runtime passes on, beside
    what every program needs (``PATH``, ``HOME``, the language, the proxies); a name may end in ``*``. ``api`` is the server's
    address as a task sees it, if it differs. ``labels`` are told as the worker's tags, for tasks that need them. With
    ``kubernetes`` the account is that of the pod in which the agent runs, or ``kubernetes_context`` of the kubeconfig
    (``KUBECONFIG`` or ``~/.kube/config``); the other keys of that beginning are put into each Job's pod. Times are in seconds.
    """

    enabled: bool = False
    services: bool = True
    name: str = ""
    queues: tuple[str, ...] = ("services",)
    runtime: str = "docker"
    image: str = "python:3.11-slim"
    memory: str = ""
    cpus: float = 0.0
    max_tasks: int = 20
    pull: str = "missing"
    network: str = ""
    allowed_arguments: tuple[str, ...] = ("--env", "-e", "--label", "-l", "--shm-size", "--workdir", "-w", "--hostname")
    capabilities: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    install_requirements: bool = True
    api: str = ""
    labels: tuple[str, ...] = ()
    poll_seconds: float = 5.0
    report_seconds: float = 30.0
    grace_seconds: float = 30.0
    restarts: int = 0
    kubernetes_context: str = ""
    kubernetes_namespace: str = "default"
    kubernetes_service_account: str = ""
    kubernetes_node_selector: dict[str, str] = {}
    kubernetes_pull_secrets: tuple[str, ...] = ()


def parse_size(text: str) -> int:
    """``512m`` in bytes; an empty text is 0. Raises `ValueError`."""
    if not text:
        return 0
    found = re.fullmatch(r"(\d+)([kmg]?)b?", text.strip().lower())
    if found is None:
        raise ValueError(f"agent_services.memory: found {text!r}; expected a size such as 512m or 2g")
    return int(found[1]) * SIZES[found[2]]
