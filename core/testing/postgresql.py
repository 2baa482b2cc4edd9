"""A PostgreSQL cluster of its own for tests: made by ``initdb`` in a temporary folder, reached by a socket, gone at the end."""

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, LiteralString

READY_SECONDS = 120.0


def find_binaries() -> Path | None:
    """The newest folder with ``initdb`` and ``postgres`` on this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3].split(".")[0]))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else None


class Cluster:
    """A running cluster. ``create_database`` gives URLs for ``storage.metadata``."""

    def __init__(self, folder: Path, process: "subprocess.Popen[bytes]") -> None:
        """The cluster whose data and socket are in ``folder``."""
        self.folder = folder
        self._process = process
        self._made: set[str] = set()

    def url(self, database: str) -> str:
        """The URL of a database of this cluster."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def create_database(self, name: str, template: str = "template0") -> str:
        """Make a database, by default an empty one, and give back its URL."""
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, also one that somebody is still connected to."""
        self._run("DROP DATABASE {} WITH (FORCE)", name)

    def _run(self, statement: LiteralString, *names: str) -> None:
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def empty_database(self, name: str) -> str:
        """As ``create_database``; a database of that name is emptied, which costs less than another one."""
        import psycopg

        if name not in self._made:
            self._made.add(name)
            return self.create_database(name)
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        return self.url(name)

    def is_ready(self) -> bool:
        """Whether it answers; raises when the process has ended."""
        import psycopg

        if self._process.poll() is not None:
            raise RuntimeError(f"postgres ended: {(self.folder / 'log').read_text()[-2000:]}")
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            return True
        return False


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a cluster and end it again. PostgreSQL refuses to run as root, so then another user owns it."""
    binaries = find_binaries()
    if binaries is None:
        raise RuntimeError("PostgreSQL is not installed: no initdb in /usr/lib/postgresql or on the path")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    owner = _other_user() if os.getuid() == 0 else None
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    try:
        with _started(binaries, folder, owner) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _started(binaries: Path, folder: Path, owner: pwd.struct_passwd | None) -> Iterator[Cluster]:
    become = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    data = folder / "data"
    with (folder / "log").open("wb") as log:
        subprocess.run(  # type: ignore[call-overload]
            [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8"],
            check=True, stdout=log, stderr=log, cwd=folder, **become,
        )  # fmt: skip
        command = [binaries / "postgres", "-D", data, "-k", folder, "-h", "", "-F", "-c", "max_connections=200"]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **become)  # type: ignore[call-overload]
    try:
        running = Cluster(folder, process)
        deadline = time.monotonic() + READY_SECONDS
        while not running.is_ready():
            if time.monotonic() > deadline:
                raise RuntimeError("postgres did not become ready")
            time.sleep(0.05)
        yield running
    finally:
        # without a last checkpoint: nobody will read the data again
        process.send_signal(signal.SIGQUIT)
        process.wait(READY_SECONDS)


class _Chosen:
    cluster: Cluster | None = None
    template: str = "template0"
    made: ClassVar[set[str]] = set()


def use_for_servers(running: Cluster | None, template: str = "template0") -> None:
    """From now on servers that tests start keep their metadata in databases of this cluster; None ends that.

    Their databases are copies of ``template``: one with the tables saves each server a migration.
    """
    _Chosen.cluster, _Chosen.template = running, template


def drop_databases() -> None:
    """Remove the databases of all servers so far; none of them runs any more. Blocks."""
    while _Chosen.cluster is not None and _Chosen.made:
        _Chosen.cluster.drop_database(_Chosen.made.pop())


def environment(folder: Path, config: str) -> dict[str, str]:
    """What a server of a test with that folder is told: nothing, or the URL of the folder's own database. Blocks.

    A configuration that names a database itself has its way.
    """
    if _Chosen.cluster is None or "[storage]" in config:
        return {}
    name = "s" + hashlib.sha256(str(folder).encode()).hexdigest()[:24]
    if name not in _Chosen.made:
        _Chosen.cluster.create_database(name, _Chosen.template)
        _Chosen.made.add(name)
    return {"TRACKYARD__STORAGE__METADATA": _Chosen.cluster.url(name)}


def _other_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("PostgreSQL cannot run as root and there is no user postgres or nobody")
