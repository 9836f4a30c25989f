"""Deprecations: what replaces something, since when and until when, in `@deprecated` and in REST's headers."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from graphql import GraphQLEnumType, build_schema

from execution import parse_operation
from schema.contract.deprecations import Deprecation, deprecation_in, deprecation_of
from schema.graph import CORE

USE = Deprecation("Use `new`.", date(2026, 11, 1), date(2027, 5, 1))
LATER = Deprecation("Use `name`.", date(2026, 10, 1), date(2027, 6, 1))
SCHEMA = build_schema(f"""
enum Color {{ RED GREEN @deprecated(reason: "{USE.reason}") }}
input Filter {{ color: Color, old: Int @deprecated(reason: "{USE.reason}") }}
type Query {{
  new(old: Int @deprecated(reason: "{USE.reason}"), filter: Filter): Int
  old: Int @deprecated(reason: "{USE.reason}")
  older: Int @deprecated(reason: "{LATER.reason}")
}}""")


def test_a_reason_says_what_replaces_it_since_when_and_until_when() -> None:
    assert USE.reason == "Use `new`. Deprecated on 2026-11-01, removed after 2027-05-01."
    assert deprecation_of(USE.reason) == USE
    assert USE.headers == [(b"deprecation", b"@1793491200"), (b"sunset", b"Sat, 01 May 2027 00:00:00 GMT")]


@pytest.mark.parametrize(
    "reason",
    [
        "No longer supported",
        "Use `new`.",
        "Deprecated on 2026-11-01, removed after 2027-05-01.",
        "Use `new`. Deprecated on 2026-11-01, removed after 2026-11-01.",
        "Use `new`. Deprecated on 2026-13-01, removed after 2027-05-01.",
    ],
)
def test_a_reason_without_them_is_none(reason: str) -> None:
    with pytest.raises(ValueError, match=r"2026|Deprecated|month"):
        deprecation_of(reason)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{ new }", None),
        ("{ new(filter: {color: RED}) }", None),
        ("{ old }", USE),
        ("{ ...F } fragment F on Query { old }", USE),
        ("{ new(old: 1) }", USE),
        ("{ new(filter: {old: 1}) }", USE),
        ("{ new(filter: {color: GREEN}) }", USE),
        ("{ older }", LATER),
        ("{ older old }", USE),
    ],
)
def test_what_an_operation_uses_that_is_deprecated_is_found(text: str, found: Deprecation | None) -> None:
    assert deprecation_in(SCHEMA, parse_operation(text, None)) == found


def _reasons() -> Iterator[str | None]:
    for type_ in CORE.type_map.values():
        members: dict[str, Any] = type_.values if isinstance(type_, GraphQLEnumType) else getattr(type_, "fields", {})
        for member in members.values():
            yield member.deprecation_reason
            for argument in getattr(member, "args", {}).values():
                yield argument.deprecation_reason


def test_every_deprecation_of_the_graph_is_one() -> None:
    reasons = [*_reasons()]
    assert len(reasons) > 1_000
    for reason in reasons:
        assert reason is None or deprecation_of(reason)
