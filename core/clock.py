"""The one clock: aware UTC times of millisecond precision, as the protocol stores them."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """The present time in UTC, cut to milliseconds."""
    return truncate(datetime.now(UTC))


def truncate(moment: datetime) -> datetime:
    """``moment`` cut to milliseconds."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def iso(moment: datetime) -> str:
    """ISO 8601 with the offset ``+00:00``; naive times are taken as UTC. Clients fail on a ``Z``."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.isoformat(timespec="microseconds" if aware.microsecond % 1000 else "milliseconds")


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware or naive (UTC) time."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (aware - EPOCH) // timedelta(milliseconds=1)
