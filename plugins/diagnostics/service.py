"""``server.*`` and ``debug.ping``."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Any

import msgspec
from sqlalchemy import func
from sqlmodel import Session, select
from trackyard.core import clock
from trackyard.core.entities import KINDS, KeyValue, Worker, table_of
from trackyard.core.errors import bad_value
from trackyard.core.identity import PUBLIC, roles
from trackyard.core.ids import new_id
from trackyard.core.protocol.endpoint import Call, Endpoint
from trackyard.core.protocol.requests import Request
from trackyard.core.protocol.version import NEWEST, OLDEST, Version
from trackyard.core.settings import shown_value

SERVICE = roles("root", "system")
VERSION = version("trackyard")
PROTOCOL = "2.0.0"
"""The version of the protocol's reference server whose behaviour clients may expect."""
SCOPE = "diagnostics"


class ConfigRequest(Request):
    """Asks for all settings, or for those below a dotted path."""

    path: str | None = None


class StatisticsRequest(Request):
    """Asks for counts; the interval is for other servers."""

    interval: int | None = None


class ReportRequest(Request):
    """Asks whether statistics are reported to anybody, which never happens here."""

    enabled: bool | None = None


class Pong(msgspec.Struct):
    """The API answers."""

    msg: str


class OldInfo(msgspec.Struct):
    """Versions: of the protocol's server, of Trackyard, of its source."""

    version: str
    build: str
    commit: str


class Info(OldInfo):
    """Versions, also that of the API, and a random identifier of this installation."""

    api_version: str
    uid: str


class EndpointList(msgspec.Struct):
    """Every handler: name, lowest version, who may ask."""

    endpoints: list[dict[str, Any]]


class Statistics(msgspec.Struct):
    """How much of everything is stored, and the seconds since the start."""

    counts: dict[str, int]
    uptime: float
    uid: str
    version: str


class Reporting(msgspec.Struct):
    """Whether statistics are reported to others: never."""

    supported: bool
    enabled: bool
    current_version: str


class ServerService:
    """The handlers of ``server.*`` and ``debug.ping``."""

    def __init__(self) -> None:
        self.uid = ""
        self._started = time.monotonic()

    def endpoints(self) -> list[Endpoint[Any]]:
        """What is registered; later versions of ``server.info`` tell more."""
        info = "Version and identifier of the server"
        return [
            Endpoint("debug.ping", self.ping, permission=PUBLIC, summary="Whether the API answers", reply=Pong),
            Endpoint("server.info", self.old_info, permission=PUBLIC, min_version=OLDEST, summary=info, reply=OldInfo),
            *(
                Endpoint("server.info", self.info, permission=PUBLIC, min_version=Version(2, minor), summary=info, reply=Info)
                for minor in (8, 12)
            ),
            Endpoint("server.config", self.config, ConfigRequest, SERVICE, reply=dict[str, Any]),
            Endpoint("server.endpoints", self.list_endpoints, permission=SERVICE, reply=EndpointList),
            Endpoint("server.get_stats", self.get_stats, StatisticsRequest, SERVICE, reply=Statistics),
            Endpoint("server.report_stats_option", self.report_stats_option, ReportRequest, reply=Reporting),
        ]

    async def ping(self, call: Call, request: Any) -> dict[str, Any]:
        """The API answers."""
        return {"msg": "pong"}

    async def old_info(self, call: Call, request: Any) -> dict[str, Any]:
        """Versions."""
        return {"version": PROTOCOL, "build": VERSION, "commit": ""}

    async def info(self, call: Call, request: Any) -> dict[str, Any]:
        """Versions, also that of the API, and a random identifier of this installation."""
        return {**await self.old_info(call, request), "api_version": str(NEWEST), "uid": self.uid}

    async def config(self, call: Call, request: ConfigRequest) -> Any:
        """The settings as nested tables, or the table or value at a path; secrets are hidden."""
        tree: dict[str, Any] = {}
        for key, origin in call.kernel.settings.explained().items():
            *tables, name = key.split(".")
            place = tree
            for table in tables:
                place = place.setdefault(table, {})
            place[name] = shown_value(key, origin.value)
        return at_path(tree, request.path) if request.path else tree

    async def list_endpoints(self, call: Call, request: Any) -> dict[str, Any]:
        """Every handler with its lowest version and who may ask."""
        found = [
            {
                "name": endpoint.name,
                "min_version": str(endpoint.min_version),
                "access": str(endpoint.permission.access),
                "allow_roles": sorted(endpoint.permission.roles),
                "writes": endpoint.writes,
                "summary": endpoint.summary,
            }
            for endpoint in call.kernel.endpoints.all()
        ]
        return {"endpoints": found}

    async def get_stats(self, call: Call, request: StatisticsRequest) -> dict[str, Any]:
        """How much of everything is stored, and how long the server has been up (seconds)."""
        counts = await call.metadata.read(count_entities)
        return {"counts": counts, "uptime": round(time.monotonic() - self._started, 3), "uid": self.uid, "version": VERSION}

    async def report_stats_option(self, call: Call, request: ReportRequest) -> dict[str, Any]:
        """Nothing is ever reported."""
        return {"supported": False, "enabled": False, "current_version": VERSION}


def at_path(tree: dict[str, Any], path: str) -> Any:
    """The value at a dotted path, in an object; raises `ApiError` 400/16."""
    found: Any = tree
    for part in path.split("."):
        if not isinstance(found, dict) or part not in found:
            raise bad_value("path", path)
        found = found[part]
    return found if isinstance(found, dict) else {part: found}


def count_entities(session: Session) -> dict[str, int]:
    """The number of rows of each kind."""
    tables = {kind.plural: table_of(kind.table) for kind in KINDS.values()} | {"workers": table_of(Worker)}
    return {name: int(session.execute(select(func.count()).select_from(table)).scalar_one()) for name, table in tables.items()}


def ensure_uid(session: Session) -> str:
    """The random identifier of this installation, made at the first start."""
    row = session.get(KeyValue, (SCOPE, "uid"))
    if row is None:
        row = KeyValue(scope=SCOPE, key="uid", value=new_id(), updated=clock.now())
        session.add(row)
    return str(row.value)
