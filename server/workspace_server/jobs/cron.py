"""The arithmetic of schedules: cron expressions in a time zone, fire times in UTC.

cronsim's rules are Debian cron's: a time that the spring change leaves out fires when the clock has jumped, a time
that the autumn change repeats fires once, steps such as ``*/30`` follow real time, ``0 6 * * 1`` is Monday, and when
both day-of-month and weekday are given (``0 0 13 * 5``) either is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from ..kit.errors import Invalid

FIELDS = {
    "minute": (0, 59),
    "hour": (0, 23),
    "day-of-month": (1, 31),
    "month": (1, 12),
    "day-of-week": (0, 7),
}
EXAMPLE = "Five fields: minute, hour, day of month, month, weekday. '0 6 * * 1' is Monday at 06:00."

# How far back the latest fire is looked for, step by step, so that minutes stay cheap and leap days are found.
WINDOWS = [timedelta(hours=2), timedelta(days=2), timedelta(days=35), timedelta(days=400), timedelta(days=3000)]


def check(cron: str, time_zone: str) -> None:
    """Raise :class:`Invalid`, naming the field, unless both can be used."""
    _zone(time_zone)
    parts = cron.split()
    if len(parts) != 5:
        raise _wrong(cron, f"it has {len(parts)} field{'' if len(parts) == 1 else 's'} instead of five")
    try:
        simulator = CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise _wrong(cron, _explain(parts, str(error).removeprefix("Bad "))) from None
    if next(simulator, None) is None:
        raise _wrong(cron, "there is no such day, so it would never run")


def words(cron: str) -> str:
    """The expression in English: "At 06:00 on Monday"."""
    text: str = CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC)).explain()
    return text


def after(cron: str, time_zone: str, moment: datetime) -> Iterator[datetime]:
    """Every fire time later than ``moment``, in UTC, in order."""
    last = moment
    for local in CronSim(cron, moment.astimezone(_zone(time_zone))):
        fire = local.astimezone(UTC)
        # cronsim reads the repeated hour of autumn as its first pass.
        if fire > last:
            last = fire
            yield fire


def latest(cron: str, time_zone: str, since: datetime, now: datetime) -> datetime | None:
    """The last fire time in ``(since, now]``, in UTC, or None."""
    for window in WINDOWS:
        start = max(since, now - window)
        found = None
        for fire in after(cron, time_zone, start):
            if fire > now:
                break
            found = fire
        if found is not None or start == since:
            return found
    return None


def spoken(fire: datetime, time_zone: str) -> str:
    """ "Mon 23 Nov 06:00", as the people of the time zone read it; with the year when it is not this one."""
    local = fire.astimezone(_zone(time_zone))
    year = "" if local.year == datetime.now(local.tzinfo).year else f" {local.year}"
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M}"


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    if name not in available_timezones():
        raise Invalid(
            "invalid_time_zone", f"There is no time zone {name!r}.", "Use a name such as Europe/Amsterdam.", "time_zone"
        )
    return ZoneInfo(name)


def _explain(parts: list[str], field: str) -> str:
    """What is wrong with ``field``, the one that cronsim refused."""
    if field not in FIELDS:
        return "it cannot be read"
    low, high = FIELDS[field]
    text = parts[list(FIELDS).index(field)]
    for number in re.findall(r"(?<![/#\w])\d+", text):
        if not low <= int(number) <= high:
            return f"{field} {number} is not between {low} and {high}"
    if field == "day-of-month" and re.fullmatch(r"[\d,-]+", text):
        return f"no month in it has a day {text}"
    return f"{text!r} is no {field}"


def _wrong(cron: str, why: str) -> Invalid:
    return Invalid("invalid_cron", f"'{cron}': {why}.", EXAMPLE, "cron")
