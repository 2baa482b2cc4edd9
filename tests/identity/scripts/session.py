"""The SDK's session logs in with the credentials of the environment, renews its token and manages credentials."""

from clearml.backend_api.session import Session

session = Session()
assert Session.api_version == "2.31", Session.api_version
assert Session.server_version == "2.0.0", Session.server_version
assert Session.feature_set == "basic", Session.feature_set
assert Session.check_min_api_version("2.20")
assert Session.check_min_server_version("1.16.3")
identity = session.get_decoded_token(session.token)["identity"]
assert identity["user_name"] == "admin", identity


def ask(service: str, action: str, **body: object) -> dict:  # type: ignore[type-arg]
    """The data of a call."""
    answer = session.send_request(service=service, action=action, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


old = session.token
session.refresh_token()
assert session.token != old
made = ask("auth", "create_credentials", label="sdk")["credentials"]
other = Session(api_key=made["access_key"], secret_key=made["secret_key"])
assert other.get_decoded_token(other.token)["identity"] == identity
assert [item["label"] for item in ask("auth", "get_credentials")["credentials"]] == ["preset", "sdk"]
assert ask("auth", "revoke_credentials", access_key=made["access_key"]) == {"revoked": 1}
assert ask("users", "get_current_user")["user"]["id"] == identity["user"]
print("the session works")
