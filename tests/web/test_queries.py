"""The parameters of a query string, and which of their values are percent-encoded UTF-8."""

import asyncio

import pytest

from web.http import Request, Scope, is_encoded


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"", []),
        (b"a", [("a", "")]),
        (b"a=1&b=&a=2", [("a", "1"), ("b", ""), ("a", "2")]),
        (b"a=x%20y+z%2B", [("a", "x y z+")]),
        (b"a=%c3%ab&%C3%AB=1", [("a", "\u00eb"), ("\u00eb", "1")]),
        # Bytes that are not percent-encoded, as some clients send them, are read alike.
        ("a=\u00eb".encode(), [("a", "\u00eb")]),
    ],
)
def test_a_query_is_read(text: bytes, found: list[tuple[str, str]]) -> None:
    given = _query(text)
    assert given == found
    assert all(is_encoded(value) for _, value in given)


@pytest.mark.parametrize(
    "text", [b"a=%ff", b"a=\xff", b"a=%", b"a=%4", b"a=%zz", b"a=%c3", b"a=\xc3%ab", b"a=%ed%a0%80"]
)
def test_what_is_no_text_is_told_from_what_is(text: bytes) -> None:
    [(name, value), beside] = _query(text + b"&b=%25ff")
    assert (name, is_encoded(value)) == ("a", False)
    assert (*beside, is_encoded(beside[1])) == ("b", "%ff", True)


def test_a_name_can_always_be_shown() -> None:
    assert _query(b"a%ff=1") == [("a\ufffd", "1")]


def _query(text: bytes) -> list[tuple[str, str]]:
    scope: Scope = {"method": "GET", "headers": [], "query_string": text, "state": {"request_id": "mine"}}
    return Request(scope, asyncio.Queue[dict[str, object]]().get).query()
