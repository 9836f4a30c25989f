"""Each condition of each list's filter, with values that match no row, few rows and most of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.filters.data import SINCE, Size, id_of
from resolvers.collections.collection import COLLECTIONS, Relation
from resolvers.lists.conditions import Condition

_START = datetime.fromtimestamp(SINCE / 1000, UTC)
# (field, operator) -> what matches none, few and many rows; an operator that cannot match so many is left out.
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One filter of one list, and how many rows it matches."""

    listed: str
    name: str
    matches: str
    filter: dict[str, Any]


def _at(**later: float) -> str:
    return (_START + timedelta(**later)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _enum(none: str | None, few: str, many: str) -> dict[str, Values]:
    """The conditions on an enum; ``none`` is a member that no row has."""
    nothing = {} if none is None else {"none": none}
    return {
        "eq": nothing | {"few": few, "many": many},
        "in": {name: [value] for name, value in nothing.items()} | {"few": [few], "many": [few, many]},
        "notIn": {"many": [few]},
    }


def _number(low: int, high: int) -> dict[str, Values]:
    return {
        "eq": {"none": high + 7, "few": low + 3},
        "gt": {"none": high + 7, "few": high - 10, "many": low},
        "gte": {"none": high + 7, "few": high - 10, "many": low},
        "lt": {"none": low - 7, "few": low + 10, "many": high},
        "lte": {"none": low - 7, "few": low + 10, "many": high},
    }


def _time(unit: str, rows: int) -> dict[str, Values]:
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


def _id(prefix: str, table: str) -> dict[str, Values]:
    none, few = id_of(prefix, table, 10**9), id_of(prefix, table, 7)
    return {"eq": {"none": none, "few": few}, "in": {"none": [none], "few": [none, few]}}


def _text(few: str, many: str) -> dict[str, Values]:
    return {
        "eq": {"none": "zzz", "few": few},
        "in": {"none": ["zzz"], "few": ["zzz", few]},
        "startsWith": {"none": "zzz", "few": few, "many": many},
    }


_TAGS: dict[str, Values] = {
    "has": {"none": "nothing", "few": "rare", "many": "vip"},
    "hasAny": {"none": ["nothing"], "few": ["nothing", "rare"], "many": ["rare", "vip"]},
}
_NULL: dict[str, Values] = {"isNull": {"many": True, "most": False}}
_INVOICE = {
    "none": {"number": {"eq": "zzz"}},
    "few": {"number": {"eq": "2026-0000004"}},
    "some": {"status": {"eq": "UNCOLLECTIBLE"}},
    "many": {"status": {"eq": "PAID"}},
}
_CLIENT = {
    "none": {"email": {"eq": "zzz"}},
    "few": {"email": {"eq": "client.7@example.org"}},
    "some": {"status": {"eq": "ARCHIVED"}},
    "many": {"status": {"eq": "ACTIVE"}},
}
_SERVICE = {
    "none": {"name": {"eq": "zzz"}},
    "few": {"status": {"eq": "DRAFT"}},
    "many": {"status": {"eq": "ACTIVE"}},
}
_ORDER = {
    "none": {"number": {"gt": 10**9}},
    "few": {"number": {"lte": 10}},
    "some": {"status": {"eq": "REVISION_REQUESTED"}},
    "many": {"status": {"eq": "COMPLETED"}},
}
_MESSAGE = {"none": {"id": {"eq": id_of("msg", "messages", 10**9)}}, "some": {"authorKind": {"eq": "AGENT"}},
            "many": {"visibility": {"eq": "PUBLIC"}}}  # fmt: skip
_NESTED = {
    "few": {"client": {"orders": {"some": {"number": {"lte": 10}}}}},
    "many": {"client": {"orders": {"some": {"status": {"eq": "COMPLETED"}}}}},
}


def _searched(none: str, few: str, many: str | None) -> dict[str, Values]:
    return {"": {"none": none, "few": few} | ({} if many is None else {"many": many})}


def conditions(size: Size) -> dict[str, dict[str, dict[str, Values]]]:
    """For each list, each field of its filter, each operator: the values."""
    return {
        "members": {
            "search": _searched("nothing", "57", "member"),
            "id": _id("member", "members"),
            "name": _text("member 77", "member"),
            "email": _text("member.7@example.org", "member."),
            "role": _enum(None, "OWNER", "STAFF"),
            "status": _enum(None, "SUSPENDED", "ACTIVE"),
            "createdAt": _time("milliseconds", size.members),
            "updatedAt": _time("seconds", size.members),
        },
        "api_keys": {
            "id": _id("apikey", "api_keys"),
            "status": _enum(None, "REVOKED", "ACTIVE"),
            "createdAt": _time("milliseconds", size.api_keys),
            "updatedAt": _time("seconds", size.api_keys),
        },
        "clients": {
            "search": _searched("nothing", "57", "client"),
            "id": _id("client", "clients"),
            "name": _text("client 77", "client"),
            "email": _text("client.7@example.org", "client."),
            "status": _enum(None, "ARCHIVED", "ACTIVE"),
            "tags": _TAGS,
            "createdAt": _time("milliseconds", size.clients),
            "updatedAt": _time("seconds", size.clients),
            "orders": {"some": _ORDER, "none": _ORDER | {"none": {}}},
            "invoices": {"some": _INVOICE, "none": _INVOICE},
        },
        "services": {
            "search": _searched("nothing", "57", "service"),
            "id": _id("service", "services"),
            "name": _text("service 7", "service"),
            "status": _enum(None, "DRAFT", "ACTIVE"),
            "price": _number(100, size.services * 100),
            "tags": {"has": {"none": "nothing", "many": "vip"}, "hasAny": {"many": ["vip"]}},
            "createdAt": _time("milliseconds", size.services),
            "updatedAt": _time("seconds", size.services),
            "orders": {"some": _ORDER, "none": _ORDER},
        },
        "orders": {
            "search": _searched("nothing", "77777", "1"),
            "id": _id("order", "orders"),
            "clientId": _id("client", "clients"),
            "serviceId": _id("service", "services"),
            "number": _number(1, size.orders),
            "status": _enum("CANCELLED", "REVISION_REQUESTED", "COMPLETED"),
            "total": _number(0, 1_000_002),
            "dueAt": _time("seconds", 1_000_003) | _NULL,
            "tags": _TAGS,
            "createdAt": _time("milliseconds", size.orders),
            "updatedAt": _time("seconds", size.orders),
            "client": {"": _CLIENT},
            "service": {"": _SERVICE},
            "messages": {"some": _MESSAGE, "none": _MESSAGE},
            "invoices": {"some": _INVOICE, "none": _INVOICE},
            "and": {"": {
                "two": [{"client": _CLIENT["many"]}, {"service": _SERVICE["many"]}],
                "nested": [_NESTED["few"]],
                "deep": [_NESTED["many"]],
                "mixed": [{"client": _CLIENT["few"]}, {"status": {"eq": "COMPLETED"}}],
            }},
            "or": {"": {
                "few": [{"client": _CLIENT["few"]}, {"number": {"eq": 7}}],
                "many": [{"client": _CLIENT["many"]}, {"service": _SERVICE["few"]}],
            }},
            "not": {"": {"many": {"client": _CLIENT["few"]}, "few": {"client": {"status": {"notIn": ["ARCHIVED"]}}}}},
        },
        "invoices": {
            "search": _searched("nothing", "0000057", "2026"),
            "id": _id("invoice", "invoices"),
            "number": _text("2026-0000057", "2026"),
            "clientId": _id("client", "clients"),
            "orderId": _id("order", "orders") | _NULL,
            "subscriptionId": _id("subscription", "subscriptions") | {"isNull": {"none": False, "many": True}},
            "status": _enum("VOID", "UNCOLLECTIBLE", "PAID"),
            "total": _number(0, 1_000_002),
            "issuedAt": _time("seconds", size.invoices) | _NULL,
            "dueAt": _time("seconds", size.invoices) | _NULL,
            "overdue": {"eq": {"few": True, "many": False}},
            "createdAt": _time("milliseconds", size.invoices),
            "updatedAt": _time("seconds", size.invoices),
            "client": {"": _CLIENT},
            "order": {"": _ORDER},
        },
        "messages": {
            "id": _id("msg", "messages"),
            "orderId": _id("order", "orders"),
            "authorKind": _enum("SYSTEM", "AGENT", "STAFF"),
            "visibility": _enum(None, "INTERNAL", "PUBLIC"),
            "createdAt": _time("milliseconds", size.messages),
            "order": {"": _ORDER},
        },
        "deliveries": {
            "id": _id("delivery", "deliveries"),
            "status": _enum("PENDING", "FAILED", "SUCCEEDED"),
            "createdAt": _time("milliseconds", size.deliveries),
        },
        "webhooks": {
            "id": _id("webhook", "endpoints"),
            "status": _enum(None, "DISABLED", "ENABLED"),
            "createdAt": _time("milliseconds", 20),
            "updatedAt": _time("seconds", 20),
        },
    }  # fmt: skip


def cases(size: Size) -> Iterator[Case]:
    """Every case."""
    for listed, fields in conditions(size).items():
        for field, operators in fields.items():
            for operator, values in operators.items():
                for matches, value in values.items():
                    filter_ = {field: {operator: value} if operator else value}
                    yield Case(listed, f"{field} {operator}".strip(), matches, filter_)


def uncovered(size: Size) -> list[str]:
    """Return the conditions of the measured lists that have no case."""
    return [
        f"{name}.{field} {operator}"
        for name, fields in conditions(size).items()
        for field, asked in ((_graphql(name), asked) for name, asked in COLLECTIONS[name].filters.items())
        for operator in _operators(asked)
        if operator not in fields.get(field, {})
    ]


def _operators(asked: Condition | Relation) -> list[str]:
    if isinstance(asked, Relation):
        return ["some", "none"] if asked.many else [""]
    return [_graphql(name) for name in asked.ops if name != "is_not_null"]


def _graphql(name: str) -> str:
    head, *tail = name.rstrip("_").split("_")
    return head + "".join(word.capitalize() for word in tail)
