"""Filters of ever new shapes: which conditions, in which order, joined how."""

import random
from collections.abc import Mapping
from typing import Any

_MOMENT = "2026-01-01T00:00:00.000Z"
_COMPARED = ("eq", "gt", "gte", "lt", "lte")
_RELATED: list[Mapping[str, Any]] = [
    {"client": {"name": {"startsWith": "a"}}},
    {"messages": {"some": {"authorKind": {"eq": "STAFF"}}}},
    {"messages": {"none": {"visibility": {"eq": "PUBLIC"}}}},
    {"service": {"price": {"gt": 1}}},
    {"not": {"client": {"status": {"eq": "LEAD"}}}},
]


def _condition(chance: random.Random) -> dict[str, Any]:
    compared = chance.choice(_COMPARED)
    return chance.choice([
        {"number": {compared: 5}}, {"total": {compared: 5}}, {"dueAt": {compared: _MOMENT}},
        {"dueAt": {"isNull": chance.random() < 0.5}}, {"createdAt": {compared: _MOMENT}},
        {"updatedAt": {compared: _MOMENT}}, {"status": {chance.choice(["in", "notIn"]): ["PENDING"]}},
        {"tags": {"has": "vip"}}, {"search": "two words"}, {"id": {"eq": "order_x"}},
        {"serviceId": {"eq": "service_x"}}, {"clientId": {"in": ["client_x"]}},
    ])  # fmt: skip


def order_filter(number: int, conditions: int = 22, related: int = 0) -> dict[str, Any]:
    """The filter of a number: each has a shape of its own. A search is two of its conditions."""
    chance = random.Random(number)
    parts: list[Any] = [chance.choice(_RELATED) for _ in range(related)]
    while len(parts) < conditions:
        parts.append(_condition(chance))
    chance.shuffle(parts)
    return {chance.choice(["and", "or"]): parts}


def asking(filters: int, selected: str = "nodes { id }") -> str:
    """A document with so many filtered lists of orders; the filters are variables."""
    given = ", ".join(f"$f{index}: OrderFilter" for index in range(filters))
    lists = " ".join(f"a{index}: orders(first: 1, filter: $f{index}) {{ {selected} }}" for index in range(filters))
    return f"query ({given}) {{ {lists} }}"
