"""The time that is written into a library, and by which removed pictures are purged."""

from datetime import UTC, datetime


def now() -> datetime:
    """This moment in UTC. Tests put another clock in place of this function."""
    return datetime.now(UTC)
