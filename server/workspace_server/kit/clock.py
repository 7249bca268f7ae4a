"""The time, in one form everywhere: ISO 8601, UTC, seconds and microseconds, ``Z``-less offset ``+00:00``."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def iso(moment: datetime | None = None) -> str:
    """``moment`` (default: now) as the wire writes it."""
    return (moment or now()).astimezone(UTC).isoformat(timespec="milliseconds")


def parse(text: str) -> datetime:
    """The moment that :func:`iso` wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)


def duration(seconds: float) -> str:
    """For people: "45 s", "30 min", "1.5 h"."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{round(seconds / size, 1):g} {unit}"
    return f"{seconds:g} s"
