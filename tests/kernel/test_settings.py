"""Settings: the order of sources, provenance, secrets, and mistakes that are told where they stand."""

from pathlib import Path

import pytest
from trackyard.core.server_settings import ServerSettings
from trackyard.core.settings import Settings, SettingsError

from tests.kernel.plugins_for_tests import LimitSettings


def settings(tmp_path: Path, text: str = "", environ: dict[str, str] | None = None, **flags: object) -> Settings:
    path = tmp_path / "plugins.toml"
    path.write_text(text)
    return Settings(path, environ or {}, {key.replace("__", "."): value for key, value in flags.items()})


def test_flags_win_over_variables_over_the_file_over_defaults(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        '[server]\nhost = "0.0.0.0"\nweb_port = 1\napi_port = 2\n',
        {"TRACKYARD__SERVER__WEB_PORT": "3", "TRACKYARD__SERVER__API_PORT": "4"},
        server__api_port=5,
    )
    server = found.take("server", ServerSettings)
    assert (server.host, server.web_port, server.api_port, server.files_port) == ("0.0.0.0", 3, 5, 8081)
    assert found.explain("server.host").source == str(tmp_path / "plugins.toml")
    assert found.explain("server.web_port").source == "TRACKYARD__SERVER__WEB_PORT"
    assert found.explain("server.api_port").source == "flag"
    assert found.explain("server.files_port").source == "default"


@pytest.mark.parametrize(
    ("text", "environ", "source", "key", "expected"),
    [
        ("[policies.limit]\nlimt = 1\n", {}, "plugins.toml", "policies.limit.limt", "one of limit, name"),
        ('[policies.limit]\nlimit = "many"\n', {}, "plugins.toml", "policies.limit.limit", "Expected `int`"),
        ("", {"TRACKYARD__POLICIES__LIMIT__LIMIT": "many"}, "TRACKYARD__POLICIES__LIMIT__LIMIT", "policies.limit.limit", "`int`"),
        (
            "",
            {"TRACKYARD__POLICIES__LIMIT__LIMT": "1"},
            "TRACKYARD__POLICIES__LIMIT__LIMT",
            "policies.limit.limt",
            "one of limit",
        ),
        ('[policies]\nlimit = "x"\n', {}, "plugins.toml", "policies.limit", "a table"),
        ('[policies.limit]\npassword = { env = "NOT_SET" }\n', {}, "plugins.toml", "policies.limit.password", "a set variable"),
        (
            '[policies.limit]\npassword = { file = "/no/file" }\n',
            {},
            "plugins.toml",
            "policies.limit.password",
            "a readable file",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, text: str, environ: dict[str, str], source: str, key: str, expected: str
) -> None:
    found = settings(tmp_path, text, environ)
    with pytest.raises(SettingsError) as caught:
        found.take("policies.limit", LimitSettings)
    assert caught.value.source.endswith(source)
    assert caught.value.key == key
    assert expected in caught.value.expected


def test_a_table_that_nothing_declares_is_refused(tmp_path: Path) -> None:
    found = settings(tmp_path, "[polices.limit]\nlimit = 1\n")
    found.take("policies.limit", LimitSettings)
    with pytest.raises(SettingsError, match="polices: found this table"):
        found.refuse_unknown_tables()
    found.refuse_unknown_tables(tolerated=["polices"])


def test_a_variable_of_an_unknown_table_is_refused(tmp_path: Path) -> None:
    found = settings(tmp_path, environ={"TRACKYARD__SERVR__HOST": "x"})
    found.take("server", ServerSettings)
    with pytest.raises(SettingsError, match="TRACKYARD__SERVR__HOST"):
        found.refuse_unknown_tables()


def test_variables_become_typed_values(tmp_path: Path) -> None:
    prefix = "TRACKYARD__POLICIES__LIMIT__"
    found = settings(tmp_path, environ={f"{prefix}LIMIT": "7", f"{prefix}ON": "true", f"{prefix}NAMES": '["a","b"]'})
    taken = found.take("policies.limit", LimitSettings)
    assert (taken.limit, taken.on, taken.names) == (7, True, ["a", "b"])


def test_secrets_come_from_a_variable_or_a_file_and_keep_their_reference(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    found = settings(
        tmp_path, f'[policies.limit]\npassword = {{ file = "{tmp_path}/secret" }}\nname = {{ env = "NAME" }}\n', {"NAME": "n"}
    )
    taken = found.take("policies.limit", LimitSettings)
    assert (taken.password, taken.name) == ("from a file", "n")
    assert found.explain("policies.limit.password").value == {"file": f"{tmp_path}/secret"}


def test_a_file_that_is_not_toml_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not TOML"):
        settings(tmp_path, "[server\n")
