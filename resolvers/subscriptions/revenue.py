"""The monthly recurring revenue of a subscription."""

from models.machines import Row
from models.services import BillingInterval
from models.subscriptions import EARNING, SubscriptionStatus

# How many periods are in so many months: a year has 52 weeks.
_PERIODS = {
    BillingInterval.WEEK: (52, 12),
    BillingInterval.MONTH: (1, 1),
    BillingInterval.QUARTER: (1, 3),
    BillingInterval.YEAR: (1, 12),
}


def mrr_of(row: Row) -> int:
    """Return the monthly recurring revenue without tax, in minor units, rounded half up; 0 while it earns nothing,
    as before its first period begins."""
    if row["current_period_start"] is None or SubscriptionStatus(row["status"]) not in EARNING:
        return 0
    periods, months = _PERIODS[BillingInterval(row["interval"])]
    amount: int = row["quantity"] * row["unit_price"]
    return (2 * amount * periods + months) // (2 * months)
