"""The Docker runtime's own parts: the engine's words in our terms. The engine itself is not needed."""

from typing import Any

import docker.errors
import pytest
from trackyard.agent_services.docker_runtime import _log, exit_of, parse_arguments, parse_stamp
from trackyard.core.runtimes import Exit, ExitCause, LaunchRefused

ALLOWED = ("-e", "--label", "--shm-size")


class Container:
    """Answers as the SDK does: it refuses a `since` that is not positive."""

    def logs(self, *, timestamps: bool, since: int | None = None) -> bytes:
        """Three lines of the engine's log."""
        if since is not None and since <= 0:
            raise docker.errors.InvalidArgument("since value should be datetime or positive int/float")
        return b"1970-01-01T00:00:05Z first\n1970-01-01T00:00:05.500000000Z second\n1970-01-01T00:00:07.25Z third \xff\n"


@pytest.mark.parametrize(
    ("since", "texts"), [(0.0, ["first", "second", "third \ufffd"]), (5.0, ["second", "third \ufffd"]), (7.25, [])]
)
def test_the_log_after_a_moment(since: float, texts: list[str]) -> None:
    assert [text for _, text in _log(Container(), since)] == texts


def test_times_of_the_engine() -> None:
    assert parse_stamp("1970-01-01T00:00:05.5Z") == 5.5
    assert parse_stamp("1970-01-01T00:01:00Z") == 60.0


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"Status": "running"}, None),
        ({"Status": "created"}, None),
        ({"Status": "exited", "ExitCode": 0}, Exit(ExitCause.FINISHED, 0)),
        ({"Status": "exited", "ExitCode": 3}, Exit(ExitCause.FAILED, 3)),
        ({"Status": "exited", "ExitCode": 143}, Exit(ExitCause.KILLED, 143)),
        ({"Status": "exited", "ExitCode": 137, "OOMKilled": True}, Exit(ExitCause.OUT_OF_MEMORY, 137)),
    ],
)
def test_how_a_container_ended(state: dict[str, Any], told: Exit | None) -> None:
    assert exit_of({"State": state}) == told


def test_allowed_arguments_become_options() -> None:
    given = ["-e", "A=1", "--env=B=2=3", "--label", "x=y", "--shm-size", "1g"]
    assert parse_arguments(given, ALLOWED) == {"environment": {"A": "1", "B": "2=3"}, "labels": {"x": "y"}, "shm_size": 2**30}


@pytest.mark.parametrize(
    "given",
    [
        ["--privileged"],
        ["-v", "/:/host"],
        ["--network", "host"],
        ["ubuntu"],
        ["--env", "A=1", "--pid=host"],
        ["--shm-size", "huge"],
        ["--shm-size=1e9x"],
    ],
)
def test_other_arguments_are_refused_by_name(given: list[str]) -> None:
    with pytest.raises(LaunchRefused, match=r"container\.arguments"):
        parse_arguments(given, ALLOWED)
