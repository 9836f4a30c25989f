"""The calendar of periods, held against calendars that are written plainly and looked through minute by minute."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.services import BillingInterval
from resolvers.subscriptions.calendar import begins_at, day_of, last_begun, local_day, midnight

MONTHS = {BillingInterval.MONTH: 1, BillingInterval.QUARTER: 3, BillingInterval.YEAR: 12}
DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))
INTERVALS = st.sampled_from(BillingInterval)
NUMBERS = st.integers(0, 600)
ZONES = sorted(name for name in available_timezones() if "/" in name)


def by_steps(anchor: date, interval: BillingInterval, number: int) -> date:
    """The day of a period, by a month at a time."""
    if interval is BillingInterval.WEEK:
        return anchor + number * timedelta(days=7)
    year, month = anchor.year, anchor.month
    for _ in range(number * MONTHS[interval]):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    last = monthrange(year, month)[1]
    return date(year, month, anchor.day if anchor.day <= last else last)


def first_minute(day: date, timezone: str) -> datetime:
    """The first minute at which it is a day or later, of all minutes around it."""
    zone = ZoneInfo(timezone)
    minute = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=16)
    while minute.astimezone(zone).date() < day:
        minute += timedelta(minutes=1)
    return minute


@given(DAYS, INTERVALS, NUMBERS)
def test_a_period_begins_so_many_intervals_after_the_anchor(
    anchor: date, interval: BillingInterval, number: int
) -> None:
    assert day_of(anchor, interval, number) == by_steps(anchor, interval, number)
    assert day_of(anchor, interval, number) < day_of(anchor, interval, number + 1)


@given(DAYS, INTERVALS, NUMBERS, st.integers(0, 400))
def test_the_last_period_that_has_begun(anchor: date, interval: BillingInterval, number: int, later: int) -> None:
    day = day_of(anchor, interval, number) + timedelta(days=later)
    found = last_begun(anchor, interval, day)
    assert found >= number
    assert day_of(anchor, interval, found) <= day < day_of(anchor, interval, found + 1)
    assert last_begun(anchor, interval, anchor - timedelta(days=1)) < 0


@given(st.dates(date(1975, 1, 1), date(2037, 12, 31)), st.sampled_from(ZONES))
def test_a_day_begins_at_its_first_minute(day: date, timezone: str) -> None:
    found = midnight(day, timezone)
    assert found == first_minute(day, timezone)
    assert local_day(found, timezone) >= day
    assert local_day(found - timedelta(microseconds=1), timezone) < day


LEAP = {
    (2024, 31): "2024-01-31 2024-02-29 2024-03-31 2024-04-30 2024-05-31",
    (2023, 31): "2023-01-31 2023-02-28 2023-03-31 2023-04-30 2023-05-31",
    (2024, 30): "2024-01-30 2024-02-29 2024-03-30 2024-04-30 2024-05-30",
    (2100, 29): "2100-01-29 2100-02-28 2100-03-29 2100-04-29 2100-05-29",
}


@pytest.mark.parametrize(("year", "day"), LEAP)
def test_a_month_that_is_too_short_does_not_move_later_periods(year: int, day: int) -> None:
    found = [day_of(date(year, 1, day), BillingInterval.MONTH, number) for number in range(5)]
    assert " ".join(map(str, found)) == LEAP[year, day]


def test_a_leap_day_comes_again_after_four_years() -> None:
    found = [day_of(date(2024, 2, 29), BillingInterval.YEAR, number) for number in range(5)]
    assert " ".join(map(str, found)) == "2024-02-29 2025-02-28 2026-02-28 2027-02-28 2028-02-29"


# Nights in which clocks change, and when the day begins in UTC.
NIGHTS = {
    # The clock jumps from 24:00 to 01:00: there is no midnight.
    ("2018-11-04", "America/Sao_Paulo"): "2018-11-04T03:00:00",
    ("2024-03-31", "Asia/Beirut"): "2024-03-30T22:00:00",
    # It jumps from 23:30 to 00:30, an hour that has midnight in its middle.
    ("1919-03-31", "America/Toronto"): "1919-03-31T04:30:00",
    # It falls back from 01:00 to 00:00: midnight comes twice.
    ("2024-11-03", "America/Havana"): "2024-11-03T04:00:00",
    # It falls back from 00:01 to 23:01: the day begins twice, the first time for a minute.
    ("2006-10-29", "America/St_Johns"): "2006-10-29T02:30:00",
    # It falls back from 24:00 to 23:00: the day begins an hour later.
    ("2018-02-18", "America/Sao_Paulo"): "2018-02-18T03:00:00",
    # It changes later in the night.
    ("2024-03-31", "Europe/Berlin"): "2024-03-30T23:00:00",
    ("2024-10-27", "Europe/Berlin"): "2024-10-26T22:00:00",
    # The whole day is left out.
    ("2011-12-30", "Pacific/Apia"): "2011-12-30T10:00:00",
}


@pytest.mark.parametrize(("day", "timezone"), NIGHTS)
def test_a_night_in_which_clocks_change(day: str, timezone: str) -> None:
    assert midnight(date.fromisoformat(day), timezone) == datetime.fromisoformat(NIGHTS[day, timezone]).replace(
        tzinfo=UTC
    )


@given(DAYS, INTERVALS, NUMBERS, st.sampled_from(ZONES))
def test_periods_follow_each_other(anchor: date, interval: BillingInterval, number: int, timezone: str) -> None:
    this, following = (begins_at(anchor, interval, each, timezone) for each in (number, number + 1))
    assert this < following
    assert timedelta(days=5) < following - this < timedelta(days=368)
