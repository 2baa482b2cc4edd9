"""A package of somebody else, installed with pip beside the server: nothing in the server's code knows of it."""

import base64
import http.client
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY, ServerProcess

PACKAGE = Path(__file__).parent / "third_party"
CONFIG = '[storage]\nfiles = "memory:"\n\n[example]\ngreeting = "good day"\ntimes = 2\n'

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the package was installed from a copy of its source."""
    target, source = tmp_path_factory.mktemp("installed"), tmp_path_factory.mktemp("source") / "package"
    subprocess.run(["cp", "-r", str(PACKAGE), str(source)], check=True)
    options = ["--no-build-isolation", "--no-deps", "--no-index", "--disable-pip-version-check", "--target", str(target)]
    command = [sys.executable, "-m", "pip", "install", "-q", *options, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@pytest.fixture(scope="module")
def server(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that finds the package."""
    with ServerProcess(tmp_path_factory.mktemp("server"), CONFIG, {"PYTHONPATH": str(installed)}) as running:
        yield running


def get(port: int, path: str, method: str = "GET", body: bytes | None = None, kind: str = "application/json") -> tuple[int, str]:
    """Status and text of a request with the administrator's credentials."""
    token = base64.b64encode(f"{ACCESS_KEY}:{SECRET_KEY}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, body, {"Authorization": f"Basic {token}", "Content-Type": kind})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_endpoint_with_its_settings(server: ServerProcess) -> None:
    """The endpoint answers with what its table says."""
    status, text = get(server.api_port, "/example.greet")
    assert status == 200
    assert '"greeting":"good day good day"' in text


def test_page_with_its_template(server: ServerProcess) -> None:
    """The page is part of the web application: in its frame and in its navigation."""
    status, text = get(server.web_port, "/example")
    assert status == 200
    assert "good day good day" in text
    assert 'href="/example"' in text


def test_file_backend(server: ServerProcess) -> None:
    """An uploaded file goes to the package's store and nowhere else."""
    boundary = uuid.uuid4().hex
    part = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="a/b.txt"; filename="b.txt"\r\n\r\nin memory\r\n--{boundary}--\r\n'
    )
    kind = f"multipart/form-data; boundary={boundary}"
    assert get(server.files_port, "/", "POST", part.encode(), kind)[0] == 200
    assert get(server.files_port, "/a/b.txt") == (200, "in memory")
    assert not list(server.data_dir.rglob("b.txt"))


def test_command_line_shows_it(installed: Path, tmp_path: Path) -> None:
    """``trackyard plugins`` lists it with its own version, and a mistake in its table is told."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    program = str(Path(sys.executable).with_name("trackyard"))

    def trackyard(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [program, *arguments, "--data-dir", str(tmp_path)]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)

    listed = trackyard("plugins", "list")
    line = next(line for line in listed.stdout.splitlines() if line.startswith("example "))
    assert "3.2.1" in line
    assert "An example of a package of somebody else" in line
    assert "example.greet" in trackyard("plugins", "show", "example").stdout
    (tmp_path / "plugins.toml").write_text('[example]\ntimes = "twice"\n')
    wrong = trackyard("plugins", "list")
    assert wrong.returncode == 2
    assert "example.times: found str 'twice'" in wrong.stderr
