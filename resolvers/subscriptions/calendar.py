"""The calendar of periods: on which days they begin, and at which instants. Knows neither rows nor the time."""

from bisect import bisect_left
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.services import BillingInterval

_MONTHS = {BillingInterval.MONTH: 1, BillingInterval.QUARTER: 3, BillingInterval.YEAR: 12}
_SECOND = timedelta(seconds=1)


def day_of(anchor: date, interval: BillingInterval, number: int) -> date:
    """Return the day on which a period begins: so many intervals after the anchor, clamped to the end of its month.

    It is counted from the anchor and not from the period before, so that the 31st is the 31st again after February.
    """
    if interval is BillingInterval.WEEK:
        return anchor + timedelta(weeks=number)
    years, month = divmod(anchor.month - 1 + number * _MONTHS[interval], 12)
    year = anchor.year + years
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def last_begun(anchor: date, interval: BillingInterval, day: date) -> int:
    """Return the number of the last period that begins on a day or before it; negative before the anchor."""
    if interval is BillingInterval.WEEK:
        return (day - anchor).days // 7
    months = (day.year - anchor.year) * 12 + day.month - anchor.month
    number = months // _MONTHS[interval]
    # In its month the period may begin on a later day.
    return number if day_of(anchor, interval, number) <= day else number - 1


def midnight(day: date, timezone: str) -> datetime:
    """Return the instant at which a day begins in a time zone: midnight, or the next instant that exists there.

    Of a midnight that comes twice it is the first one.
    """
    zone = ZoneInfo(timezone)
    local = datetime.combine(day, time())
    # Where the clock jumps over midnight the later fold is the earlier instant, and the jump is between the two.
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return first
    seconds = range((first - second) // _SECOND + 1)

    def begun(after: int) -> bool:
        return (second + after * _SECOND).astimezone(zone).replace(tzinfo=None) >= local

    return second + bisect_left(seconds, True, key=begun) * _SECOND


def begins_at(anchor: date, interval: BillingInterval, number: int, timezone: str) -> datetime:
    """Return the instant at which a period begins."""
    return midnight(day_of(anchor, interval, number), timezone)


def local_day(moment: datetime, timezone: str) -> date:
    """Return the day that it is in a time zone."""
    return moment.astimezone(ZoneInfo(timezone)).date()
