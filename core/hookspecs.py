"""The hooks of Trackyard. All are called once, when the server starts, and return lists of objects that they register.

A plugin marks its methods with `hookimpl`. The objects are used in the order of the plugins (`[plugins] order`, then
needs, then names). A plugin whose hook raises is shown as failed and none of its objects are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from trackyard.core.cli.command import Command
    from trackyard.core.contracts.events import EventBackend
    from trackyard.core.contracts.files import FileBackend
    from trackyard.core.contracts.metadata import MetadataBackend
    from trackyard.core.extension import (
        Authenticator,
        EventObserver,
        FileRemover,
        HealthCheck,
        Job,
        LoginMethod,
        Policy,
        Scheduler,
        TaskListener,
    )
    from trackyard.core.instances import InstanceProviderOffer
    from trackyard.core.panels import Panel
    from trackyard.core.protocol.endpoint import Endpoint
    from trackyard.core.routes import Route
    from trackyard.core.runtimes import TaskRuntime
    from trackyard.core.search import StrategyOffer
    from trackyard.core.services import ServiceOffer

PROJECT = "trackyard"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def trackyard_metadata_backends() -> list[MetadataBackend]:
    """Register backends for documents (users, projects, tasks, models, queues); chosen by the scheme of ``storage.metadata``."""
    raise NotImplementedError


@hookspec
def trackyard_event_backends() -> list[EventBackend]:
    """Register backends for scalars, logs, plots, samples and statistics; chosen by the scheme of ``storage.events``."""
    raise NotImplementedError


@hookspec
def trackyard_file_backends() -> list[FileBackend]:
    """Register backends for uploaded files; chosen by the scheme of ``storage.files``."""
    raise NotImplementedError


@hookspec
def trackyard_file_removers() -> list[FileRemover]:
    """Register who removes the files of deleted tasks that lie outside the file store, by the scheme of their URLs."""
    raise NotImplementedError


@hookspec
def trackyard_authenticators() -> list[Authenticator]:
    """Register ways to find out who calls from an ``Authorization`` header or a cookie, one per scheme."""
    raise NotImplementedError


@hookspec
def trackyard_login_methods() -> list[LoginMethod]:
    """Register ways to log in that the login page offers."""
    raise NotImplementedError


@hookspec
def trackyard_policies() -> list[Policy]:
    """Register policies: each is asked before every call and may refuse it."""
    raise NotImplementedError


@hookspec
def trackyard_endpoints() -> list[Endpoint[Any]]:
    """Register endpoints of the API (``service.action``) with request type and permission."""
    raise NotImplementedError


@hookspec
def trackyard_routes() -> list[Route]:
    """Register plain HTTP routes on one of the sites (api, web, files) with their permission."""
    raise NotImplementedError


@hookspec
def trackyard_task_listeners() -> list[TaskListener]:
    """Register listeners of the tasks' life cycle: they may refuse an enqueue, and hear of every change of status."""
    raise NotImplementedError


@hookspec
def trackyard_schedulers() -> list[Scheduler]:
    """Register schedulers: they decide which of the tasks that wait in a queue the next agent gets."""
    raise NotImplementedError


@hookspec
def trackyard_event_observers() -> list[EventObserver]:
    """Register observers that hear of every stored batch of events."""
    raise NotImplementedError


@hookspec
def trackyard_panels() -> list[Panel]:
    """Register parts of the web UI: pages, tabs of a task or a project, cards of the home page, pages of the settings."""
    raise NotImplementedError


@hookspec
def trackyard_jobs() -> list[Job]:
    """Register recurring work of the server, such as the watchdog of silent tasks."""
    raise NotImplementedError


@hookspec
def trackyard_commands() -> list[Command]:
    """Register sub-commands of ``trackyard``."""
    raise NotImplementedError


@hookspec
def trackyard_health_checks() -> list[HealthCheck]:
    """Register checks that ``/readyz`` and the home page show."""
    raise NotImplementedError


@hookspec
def trackyard_metrics() -> list[Any]:
    """Register Prometheus collectors (objects with ``collect``) that ``/metrics`` shows."""
    raise NotImplementedError


@hookspec
def trackyard_task_runtimes() -> list[TaskRuntime]:
    """Register runtimes in which a services agent launches tasks; ``agent_services.runtime`` chooses one by its name."""
    raise NotImplementedError


@hookspec
def trackyard_services() -> list[ServiceOffer]:
    """Register automation services: each with its class and the settings of ``plugins.toml`` as its defaults."""
    raise NotImplementedError


@hookspec
def trackyard_search_strategies() -> list[StrategyOffer]:
    """Register strategies of the optimizer: each makes suggestions for a search, and may end trials early."""
    raise NotImplementedError


@hookspec
def trackyard_instance_providers() -> list[InstanceProviderOffer]:
    """Register providers of the autoscaler: each starts, lists and stops instances, which it finds again by their labels."""
    raise NotImplementedError
