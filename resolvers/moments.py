"""Times as both APIs, events and the audit log show them."""

from datetime import datetime


def shown_time(moment: datetime) -> str:
    """Return a time in UTC as RFC 3339 has it, with milliseconds and ``Z``."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
