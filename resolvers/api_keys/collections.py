"""API keys: what they can be filtered and sorted by."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from models.api_keys import API_KEY, NEVER_KEY, REVOKED_KEY, ApiKeyStatus, api_keys
from models.base import TIMESTAMP
from resolvers.collections.collection import COMMON_SORT_FIELDS, Collection, common_filters
from resolvers.context import now
from resolvers.lists.conditions import Condition
from resolvers.lists.operators import Op, Value

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_INSTANT = timedelta(milliseconds=1)


def _ends(column: Any) -> Any:
    """Return when a key stopped or stops to work: what is indexed."""
    key = column.table.c
    return sa.case(
        (key.revoked_at.is_not(None), sa.literal_column(f"'{REVOKED_KEY}'::timestamptz", TIMESTAMP)),
        (key.expires_at.is_(None), sa.literal_column(f"'{NEVER_KEY}'::timestamptz", TIMESTAMP)),
        else_=key.expires_at,
    )


def _ranges(wanted: Iterable[str]) -> list[Value]:
    """Return the range of what some statuses are indexed by, and the range within it that they leave out."""
    expired = (_FIRST + _INSTANT, now() + _INSTANT)
    ranges = {
        ApiKeyStatus.REVOKED: (_FIRST, expired[0]),
        ApiKeyStatus.EXPIRED: expired,
        ApiKeyStatus.ACTIVE: (expired[1], _LAST),
    }
    known = {ApiKeyStatus(each) for each in wanted}
    found = [each for status, each in ranges.items() if status in known] or [(_FIRST, _FIRST)]
    without = (_FIRST, _FIRST) if ApiKeyStatus.EXPIRED in known else expired
    return [(bound, TIMESTAMP) for bound in (found[0][0], found[-1][1], *without)]


def _among(column: Any, p: list[Any]) -> Any:
    ends = _ends(column)
    return sa.and_(ends >= p[0], ends < p[1], sa.not_(sa.and_(ends >= p[2], ends < p[3])))


def _status() -> Condition:
    """Return the condition on the status, which time changes too: one range of an index, with a gap or without."""
    make: dict[str, Any] = {
        "eq": lambda value: _ranges([value]),
        "in_": _ranges,
        "not_in": lambda value: _ranges(each for each in ApiKeyStatus if each not in value),
    }
    ops = {name: Op(values, _among, count=4, rank=4, key=_ends) for name, values in make.items()}
    return Condition("revoked_at", ApiKeyStatus, "status", ops)


API_KEYS = Collection(
    API_KEY, api_keys, sort_fields=COMMON_SORT_FIELDS, filters={**common_filters(API_KEY), "status": _status()}
)
