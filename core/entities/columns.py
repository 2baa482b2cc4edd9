"""Types of columns that behave alike on every dialect."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

TAG_MARK = "\x1f"

BigInt = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit whole number; on SQLite the row number when it is the primary key."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time of millisecond precision, stored as milliseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To milliseconds; a naive time is taken as UTC."""
        if value is None:
            return None
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value
        return (aware - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From milliseconds."""
        return None if value is None else from_ms(value)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def from_ms(value: int) -> datetime:
    """The time that lies ``value`` milliseconds after 1970."""
    seconds, ms = divmod(value, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=ms * 1000)


PlainText = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared by code points on every database."""


class CleanText(TypeDecorator[str]):
    """Text without NUL characters, which databases do not store."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Compared by code points."""
        return dialect.type_descriptor(PlainText)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Drop NUL characters."""
        return value.replace("\x00", "") if value else value


class JsonDocument(TypeDecorator[Any]):
    """A JSON value kept as text: unknown keys and the order of keys stay as they were."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """To JSON text; not-a-number becomes null."""
        return encode(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """From JSON text."""
        return None if value is None else msgspec.json.decode(value)


def encode(value: Any) -> str:
    """JSON text of ``value``; dates become ISO text."""
    return _ENCODER.encode(value).decode()


_ENCODER = msgspec.json.Encoder()


class TagList(TypeDecorator[list[str]]):
    """A sorted list of distinct tags, stored with a mark around each so that one can be looked for quickly."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> str:
        """To marked text; the empty list is the empty text."""
        tags = sorted({clean_tag(tag) for tag in value or []})
        return f"{TAG_MARK}{TAG_MARK.join(tags)}{TAG_MARK}" if tags else ""

    def process_result_value(self, value: str | None, dialect: Dialect) -> list[str]:
        """From marked text."""
        return value[1:-1].split(TAG_MARK) if value else []


def clean_tag(tag: str) -> str:
    """The tag without characters that are used as marks."""
    return tag.replace(TAG_MARK, "").replace("\x00", "")
