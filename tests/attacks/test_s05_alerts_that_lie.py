"""S05: what users name their tasks gets into alerts, and nothing more than a text there."""

import email
from email.policy import SMTP
from typing import Any

import pytest
from trackyard.plugins.alerts.sending import mail, slack_text
from trackyard.plugins.alerts.settings import AlertsSettings, Target


def alert(subject: str) -> dict[str, Any]:
    """An alert with that subject."""
    return {"subject": subject, "text": "why", "link": ""}


@pytest.mark.parametrize(
    "name",
    [
        "run\r\nBcc: victim@example.org",
        "run\x85Bcc: victim@example.org",
        "run\u2028Bcc: victim@example.org",
        "=?utf-8?q?run=0D=0ABcc:_victim@example.org?=",
        "=?utf-8?b?cnVuDQpCY2M6IHZpY3RpbUBleGFtcGxlLm9yZw==?=",
        "=?utf-8?q?run=0D=0A=0D=0Aanother_text?=",
    ],
)
def test_a_name_begins_no_header(name: str) -> None:
    target = Target(kind="email", to=("team@example.org",))
    raw = mail(AlertsSettings(), target, alert(f"Task {name} failed")).as_bytes(policy=SMTP)
    head, _, text = raw.partition(b"\r\n\r\n")
    found = email.message_from_bytes(raw)
    assert found["Bcc"] is None
    assert not any(line.lower().startswith(b"bcc") for line in head.splitlines())
    assert (found["To"], text) == ("team@example.org", b"why\r\n")


def test_a_name_calls_nobody_and_hides_no_address() -> None:
    told = slack_text(alert("Task <!channel> <https://evil.example|Open> & more failed"))
    assert told == "*Task &lt;!channel&gt; &lt;https://evil.example|Open&gt; &amp; more failed*\nwhy"
