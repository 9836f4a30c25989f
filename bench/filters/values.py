"""Values of conditions, by their operators: such that match no row of an organization, few rows and most of them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.filters.ids import SINCE, id_of

_START = datetime.fromtimestamp(SINCE / 1000, UTC)
# (field, operator) -> what matches none, few and many rows; an operator that cannot match so many is left out.
Values = Mapping[str, Any]


def _at(**later: float) -> str:
    return (_START + timedelta(**later)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def of_enum(none: str | None, few: str, many: str) -> dict[str, Values]:
    """The conditions on an enum; ``none`` is a member that no row has."""
    nothing = {} if none is None else {"none": none}
    return {
        "eq": nothing | {"few": few, "many": many},
        "in": {name: [value] for name, value in nothing.items()} | {"few": [few], "many": [few, many]},
        "notIn": {"many": [few]},
    }


def of_number(low: int, high: int) -> dict[str, Values]:
    return {
        "eq": {"none": high + 7, "few": low + 3},
        "gt": {"none": high + 7, "few": high - 10, "many": low},
        "gte": {"none": high + 7, "few": high - 10, "many": low},
        "lt": {"none": low - 7, "few": low + 10, "many": high},
        "lte": {"none": low - 7, "few": low + 10, "many": high},
    }


def of_time(unit: str, rows: int) -> dict[str, Values]:
    """The conditions on a time of which each row's is one unit after the row before it."""
    before, after = _at(days=-1), _at(days=4_000)
    low, middle, high = (_at(**{unit: number}) for number in (11, rows // 2, rows - 11))
    return {
        "eq": {"none": after, "few": middle},
        "gt": {"none": after, "few": high, "many": low},
        "gte": {"none": after, "few": high, "many": low},
        "lt": {"none": before, "few": low, "many": high},
        "lte": {"none": before, "few": low, "many": high},
        "isNull": {"none": True, "many": False},
    }


def of_id(prefix: str, table: str) -> dict[str, Values]:
    none, few = id_of(prefix, table, 10**9), id_of(prefix, table, 7)
    return {"eq": {"none": none, "few": few}, "in": {"none": [none], "few": [none, few]}}


def of_ids(prefix: str, table: str) -> dict[str, Values]:
    """The conditions on a list of IDs: few rows have the eighth, most the first."""
    none, few, many = (id_of(prefix, table, number) for number in (10**9, 8, 1))
    return {
        "has": {"none": none, "few": few, "many": many},
        "hasAny": {"none": [none], "few": [none, few], "many": [few, many]},
    }


def of_text(few: str, many: str) -> dict[str, Values]:
    return {
        "eq": {"none": "zzz", "few": few},
        "in": {"none": ["zzz"], "few": ["zzz", few]},
        "startsWith": {"none": "zzz", "few": few, "many": many},
    }


TAGS: dict[str, Values] = {
    "has": {"none": "nothing", "few": "rare", "many": "vip"},
    "hasAny": {"none": ["nothing"], "few": ["nothing", "rare"], "many": ["rare", "vip"]},
}
NULL: dict[str, Values] = {"isNull": {"many": True, "most": False}}


def of_search(none: str, few: str, many: str | None) -> dict[str, Values]:
    return {"": {"none": none, "few": few} | ({} if many is None else {"many": many})}
