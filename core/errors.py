"""Errors of the protocol: a code (the HTTP status), a subcode and a message that names what was wrong.

The message has the form ``Text: key=value, key2=value2``; clients show it and never parse it.
"""

from typing import Any

NOT_FOUND_SUBCODES = {"task": 101, "model": 201, "user": 301, "project": 401, "queue": 701}


class ApiError(Exception):
    """A failure that is answered in the envelope: ``ApiError(400, 101, "Invalid task id", id=task_id)``."""

    def __init__(self, code: int, subcode: int, text: str, /, *, data: dict[str, Any] | None = None, **facts: Any) -> None:
        self.code = code
        self.subcode = subcode
        self.data = data or {}
        self.facts = facts
        told = ", ".join(f"{key}={value}" for key, value in facts.items())
        self.message = f"{text}: {told}" if told else text
        super().__init__(self.message)


def invalid_id(kind: str, identifier: str, **facts: Any) -> ApiError:
    """No such object of ``kind`` (task, model, user, project, queue)."""
    return ApiError(400, NOT_FOUND_SUBCODES[kind], f"Invalid {kind} id", id=identifier, **facts)


def validation(field: str, problem: str) -> ApiError:
    """A field of the request is missing, of the wrong type or outside its limits (400/12)."""
    return ApiError(400, 12, "Validation error", field=field, error=problem)


def missing_fields(*fields: str) -> ApiError:
    """Fields that the request needs are absent (400/11)."""
    return ApiError(400, 11, "Missing required fields", fields=list(fields))


def unknown_field(field: str) -> ApiError:
    """A projection, an order or a filter names a field that the entity lacks (400/14)."""
    return ApiError(400, 14, "Invalid field", field=field)


def bad_value(field: str, value: Any) -> ApiError:
    """A field has a value that is not possible, such as an unknown parent (400/16)."""
    return ApiError(400, 16, "Invalid field value", field=field, value=value)


def bad_status(current: str, new: str, **facts: Any) -> ApiError:
    """The task's status does not allow the transition (400/110)."""
    return ApiError(400, 110, "Invalid task status (Invalid status change)", current_status=current, new_status=new, **facts)


def unauthorized(subcode: int, text: str, **facts: Any) -> ApiError:
    """No valid credentials (401)."""
    return ApiError(401, subcode, text, **facts)


def forbidden(subcode: int, text: str, **facts: Any) -> ApiError:
    """Valid credentials without the permission (403)."""
    return ApiError(403, subcode, text, **facts)


def busy(text: str, retry_after: int) -> ApiError:
    """The server is at its limit; the client may retry after ``retry_after`` seconds (429)."""
    return ApiError(429, 0, text, data={"retry_after": retry_after}, retry_after=retry_after)
