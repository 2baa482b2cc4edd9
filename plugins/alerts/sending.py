"""Send one alert to one target. Only the addresses of the settings are called, and redirects are not followed."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from html import escape
from typing import Any

import aiohttp
from trackyard.plugins.alerts.settings import AlertsSettings, Target

SECONDS = 20.0


class SendFailed(Exception):
    """The target did not take it; the message says why, without the address, which may be a secret."""


async def send(settings: AlertsSettings, target: Target, alert: dict[str, Any]) -> None:
    """Send an alert (``subject``, ``text``, ``link`` and facts); raises `SendFailed`."""
    if target.kind == "email":
        try:
            await asyncio.to_thread(send_mail, settings, target, alert)
        except (OSError, ValueError, smtplib.SMTPException) as error:
            raise SendFailed(f"the mail server {settings.smtp_host}: {type(error).__name__}") from error
        return
    await post(target.url, {"text": slack_text(alert)} if target.kind == "slack" else alert)


def slack_text(alert: dict[str, Any]) -> str:
    """The text of a message: names of tasks can neither call people (``<!channel>``) nor hide where a link leads."""
    lines = [f"*{escape(alert['subject'], quote=False)}*", escape(alert["text"], quote=False), alert["link"]]
    return "\n".join(line for line in lines if line)


async def post(url: str, body: dict[str, Any]) -> None:
    """POST a JSON object; raises `SendFailed` unless it is taken."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session,
            session.post(url, json=body, allow_redirects=False) as response,
        ):
            if not 200 <= response.status < 300:
                raise SendFailed(f"the webhook answered {response.status}")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise SendFailed(f"the webhook did not answer: {type(error).__name__}") from error


def mail(settings: AlertsSettings, target: Target, alert: dict[str, Any]) -> EmailMessage:
    """The e-mail of an alert; no name of a task gets out of its subject."""
    message = EmailMessage()
    # the email package decodes words like "=?utf-8?q?=0D=0ABcc:?=", so that a task's name could begin another header
    message["Subject"] = " ".join(alert["subject"].split()).replace("=?", "= ?")
    message["From"] = settings.smtp_from
    message["To"] = ", ".join(target.to)
    message.set_content("\n\n".join(part for part in (alert["text"], alert["link"]) if part))
    return message


def send_mail(settings: AlertsSettings, target: Target, alert: dict[str, Any]) -> None:
    """Send an e-mail; blocks."""
    message = mail(settings, target, alert)
    context = ssl.create_default_context()
    if settings.smtp_security == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=SECONDS, context=context)
    else:
        client = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=SECONDS)
    with client:
        if settings.smtp_security == "starttls":
            client.starttls(context=context)
        if settings.smtp_user:
            client.login(settings.smtp_user, settings.smtp_password)
        client.send_message(message)
