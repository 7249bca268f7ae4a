"""When schedules fire, across the changes of clocks."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from workspace_server.jobs import cron
from workspace_server.kit.errors import Invalid

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fires(expression: str, zone: str, start: str, end: str) -> list[str]:
    within = itertools.takewhile(lambda fire: fire <= utc(end), cron.after(expression, zone, utc(start)))
    return [fire.strftime("%m-%d %H:%M") for fire in within]


def test_monday_is_one() -> None:
    assert fires("0 6 * * 1", BERLIN, "2026-11-20", "2026-12-01") == ["11-23 05:00", "11-30 05:00"]


def test_an_autumn_hour_fires_once() -> None:
    assert fires("30 2 * * *", BERLIN, "2026-10-24", "2026-10-27") == ["10-24 00:30", "10-25 00:30", "10-26 01:30"]
    assert fires("30 1 * * *", NEW_YORK, "2026-10-31", "2026-11-03") == ["10-31 05:30", "11-01 05:30", "11-02 06:30"]
    assert fires("45 1 * * *", LORD_HOWE, "2026-04-03", "2026-04-06") == ["04-03 14:45", "04-04 14:45", "04-05 15:15"]


def test_a_spring_hour_that_is_not_there_fires_when_it_is_over() -> None:
    assert fires("30 2 * * *", BERLIN, "2026-03-28", "2026-03-31") == ["03-28 01:30", "03-29 01:00", "03-30 00:30"]
    assert fires("30 2 * * *", NEW_YORK, "2026-03-07", "2026-03-10") == ["03-07 07:30", "03-08 07:00", "03-09 06:30"]
    assert fires("15 2 * * *", LORD_HOWE, "2026-10-02", "2026-10-05") == ["10-02 15:45", "10-03 15:30", "10-04 15:15"]


@pytest.mark.parametrize(("zone", "day"), [(BERLIN, "2026-10-25"), (BERLIN, "2026-03-29"), (LORD_HOWE, "2026-04-05")])
def test_steps_follow_real_time(zone: str, day: str) -> None:
    start = utc(day) - timedelta(days=1)
    found = list(itertools.islice(cron.after("*/30 * * * *", zone, start), 96))
    assert {later - fire for fire, later in itertools.pairwise(found)} == {timedelta(minutes=30)}


def test_a_day_and_a_weekday_are_either() -> None:
    assert fires("0 0 13 * 5", "UTC", "2026-11-01", "2026-12-01") == [
        "11-06 00:00", "11-13 00:00", "11-20 00:00", "11-27 00:00",
    ]  # fmt: skip
    assert fires("0 0 13 * *", "UTC", "2026-11-01", "2026-12-31") == ["11-13 00:00", "12-13 00:00"]


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, LORD_HOWE, "UTC"])
@pytest.mark.parametrize("expression", ["30 2 * * *", "*/30 * * * *", "0 6 * * 1", "15 1,2,3 * * *", "0 0 13 * 5"])
def test_the_latest_is_the_last_that_was_next(zone: str, expression: str) -> None:
    """Looking back finds what waiting would have fired, on hours apart in the days around the changes."""
    since = utc("2026-01-01")
    for day in ("2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"):
        expected = None
        moment = utc(day) - timedelta(days=1)
        end = utc(day) + timedelta(days=2)
        upcoming = cron.after(expression, zone, since)
        fire = next(upcoming)
        while moment <= end:
            while fire <= moment:
                expected, fire = fire, next(upcoming)
            assert cron.latest(expression, zone, since, moment) == expected
            moment += timedelta(minutes=90)


def test_nothing_is_due_before_the_schedule_was_made() -> None:
    assert cron.latest("0 6 * * *", "UTC", utc("2026-11-20 07:00"), utc("2026-11-21 05:59")) is None
    assert cron.latest("0 6 * * *", "UTC", utc("2026-11-20 06:00"), utc("2026-11-20 08:00")) is None
    assert cron.latest("0 0 29 2 *", "UTC", utc("2020-01-01"), utc("2027-01-01")) == utc("2024-02-29")


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("61 * * * *", "minute 61 is not between 0 and 59"),
        ("0 24 * * *", "hour 24 is not between 0 and 23"),
        ("0 6 * * 8", "day-of-week 8 is not between 0 and 7"),
        ("0 6 * *", "it has 4 fields instead of five"),
        ("0 0 6 * * 1", "it has 6 fields instead of five"),
        ("", "it has 0 fields instead of five"),
        ("every monday at six o'clock", "'every' is no minute"),
        ("0 0 30 2 *", "no month in it has a day 30"),
        ("*/0 * * * *", "'*/0' is no minute"),
    ],
)
def test_what_is_no_expression_says_why(expression: str, why: str) -> None:
    with pytest.raises(Invalid) as raised:
        cron.check(expression, BERLIN)
    assert raised.value.field == "cron"
    assert raised.value.message == f"'{expression}': {why}."


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_what_is_no_time_zone(zone: str) -> None:
    with pytest.raises(Invalid) as raised:
        cron.check("0 6 * * 1", zone)
    assert raised.value.field == "time_zone"


def test_words() -> None:
    assert cron.words("0 6 * * 1") == "At 06:00 on Monday"
    assert cron.spoken(utc("2030-11-25 05:00"), BERLIN) == "Mon 25 Nov 2030 06:00"
