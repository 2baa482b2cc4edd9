"""Short ways to store tasks and to ask for them."""

from typing import Any

from sqlmodel import Session
from trackyard.core import query, store
from trackyard.core.entities import TASK
from trackyard.core.entities.fields import Kind
from trackyard.core.errors import ApiError
from trackyard.core.identity import DEFAULT_COMPANY, Identity

ME = Identity(user="me", name="Me")


def task(session: Session, name: str, **fields: Any) -> str:
    """Store a task of the default company and give back its id."""
    return store.insert(session, TASK, {"name": name, "company": DEFAULT_COMPANY, **fields})


def parameters(**values: str) -> dict[str, Any]:
    """Hyperparameters of the section Args."""
    return {"Args": {name: {"section": "Args", "name": name, "value": value} for name, value in values.items()}}


def names(session: Session, kind: Kind = TASK, /, **body: Any) -> list[str]:
    """The names that a query finds, in its order."""
    return [item["name"] for item in query.run(session, kind, {"only_fields": ["name"], **body}, ME).items]


def found(session: Session, kind: Kind = TASK, /, **body: Any) -> str:
    """The sorted names that a query finds, joined by blanks."""
    return " ".join(sorted(names(session, kind, **body)))


def refusal(session: Session, kind: Kind = TASK, /, **body: Any) -> tuple[int, int]:
    """The code and subcode with which a query is refused."""
    try:
        query.run(session, kind, body, ME)
    except ApiError as error:
        return error.code, error.subcode
    return 200, 0
