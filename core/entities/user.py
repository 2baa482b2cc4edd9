"""Companies, users, their credentials and their sessions in the browser."""

from datetime import datetime

from sqlmodel import Field, SQLModel
from trackyard.core.entities import fields as f
from trackyard.core.entities.columns import BigInt, CleanText, UtcDateTime
from trackyard.core.entities.fields import Filter, Kind
from trackyard.core.entities.values import UserDocument


class Company(SQLModel, table=True):
    """The company that all objects of a server belong to."""

    __tablename__ = "companies"
    id: str = Field(primary_key=True)
    name: str = Field(sa_type=CleanText)
    created: datetime = Field(sa_type=UtcDateTime)


class User(SQLModel, table=True):
    """A user. ``username`` is what is typed at login, ``name`` what others see. Preferences are in ``UserDocument``."""

    __tablename__ = "users"
    num: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    id: str = Field(unique=True)
    company: str = ""
    username: str | None = Field(default=None, sa_type=CleanText, unique=True)
    name: str = Field(sa_type=CleanText, index=True)
    given_name: str | None = Field(default=None, sa_type=CleanText)
    family_name: str | None = Field(default=None, sa_type=CleanText)
    email: str | None = Field(default=None, sa_type=CleanText, index=True)
    avatar: str | None = Field(default=None, sa_type=CleanText)
    role: str = "user"
    created: datetime | None = Field(default=None, sa_type=UtcDateTime)
    password_hash: str | None = None
    disabled: bool = False
    protected: bool = False
    last_login: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sessions_from: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Tokens issued before this moment are refused: moved by logout everywhere and by a change of password."""


class Credential(SQLModel, table=True):
    """An access key with the hash of its secret. ``role`` narrows the user's role, ``expires`` ends it."""

    __tablename__ = "credentials"
    num: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    access_key: str = Field(unique=True)
    secret_hash: str
    user: str = Field(index=True)
    company: str = ""
    label: str | None = Field(default=None, sa_type=CleanText)
    role: str | None = None
    created: datetime = Field(sa_type=UtcDateTime)
    expires: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_from: str | None = Field(default=None, sa_type=CleanText)


class RevokedSession(SQLModel, table=True):
    """A session that was logged out before its token expired; the row may go at ``expires``."""

    __tablename__ = "revoked_sessions"
    session: str = Field(primary_key=True)
    user: str | None = None
    expires: datetime = Field(sa_type=UtcDateTime, index=True)


USER = Kind(
    name="user",
    plural="users",
    table=User,
    documents=UserDocument,
    searched=("name", "id", "email"),
    fields=f.field_table(
        f.text("id", Filter.LIST),
        f.text("company", refers="company"),
        f.text("name", Filter.REGEX),
        f.text("given_name", Filter.REGEX),
        f.text("family_name", Filter.REGEX),
        f.text("email", Filter.REGEX),
        f.text("avatar"),
        f.text("role", Filter.LIST),
        f.date("created"),
        f.document("providers"),
        f.document("preferences", unasked=False, private=True),
    ),
)
