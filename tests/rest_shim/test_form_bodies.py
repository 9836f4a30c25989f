"""What HTML forms send: urlencoded and multipart bodies as browsers write them, and those that are malformed."""

from typing import Any

import pytest

from resolvers.errors import Refusal
from rest_shim.form_bodies import form_values

URLENCODED, MULTIPART = b"application/x-www-form-urlencoded; charset=UTF-8", b"multipart/form-data; boundary=b"


def part(name: str, value: str, more: str = "") -> bytes:
    """A part of a multipart body, as browsers write it."""
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'.encode()


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", {}),
        (b"a=1&b=", {"a": "1", "b": ""}),
        (b"a=1&a=2&a=3&b=x", {"a": ["1", "2", "3"], "b": "x"}),
        (b"a+b=c+d&%C3%A4=%F0%9F%98%80", {"a b": "c d", "ä": "😀"}),
        (b"a&b=c=d&&", {"a": "", "b": "c=d"}),
        ("ä=ö".encode(), {"ä": "ö"}),
    ],
)
def test_an_urlencoded_body(body: bytes, found: dict[str, Any]) -> None:
    assert form_values(body, URLENCODED) == found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"--b--\r\n", {}),
        (b"preamble\r\n" + part("a", "1") + part("b", "") + b"--b--\r\nepilogue", {"a": "1", "b": ""}),
        (part("a", "1\r\n2\n--c") + part("a", "ö") + b"--b--", {"a": ["1\r\n2\n--c", "ö"]}),
        (part("a%22%0D%0A%41", "x") + b"--b--", {'a"\r\n%41': "x"}),
        (part("a", "x").replace(b'"', b"") + b"--b--", {"a": "x"}),
        (b"--b\r\nContent-Type: text/plain\r\ncontent-disposition:form-data;name=a\r\n\r\nx\r\n--b--", {"a": "x"}),
    ],
)
def test_a_multipart_body(body: bytes, found: dict[str, Any]) -> None:
    for content_type in (MULTIPART, b'Multipart/Form-Data ; charset=x; Boundary="b"'):
        assert form_values(body, content_type) == found


@pytest.mark.parametrize(
    ("content_type", "body", "field", "reason"),
    [
        (URLENCODED, b"a&" * 7_000, "body", "TOO_LONG"),
        (MULTIPART, part("a", "1") * 7_000 + b"--b--", "body", "TOO_LONG"),
        (URLENCODED, b"a=%", "body", "INVALID_FORMAT"),
        (URLENCODED, b"a=%C3", "body.a", "INVALID_FORMAT"),
        (URLENCODED, b"%ff=a", "body", "INVALID_FORMAT"),
        (MULTIPART, b"", "body", "INVALID_FORMAT"),
        (MULTIPART, part("a", "1"), "body", "INVALID_FORMAT"),
        (MULTIPART, part("a", "1").replace(b"name", b"title") + b"--b--", "body", "INVALID_FORMAT"),
        (MULTIPART, part("a", "1").replace(b"form-data", b"attachment") + b"--b--", "body", "INVALID_FORMAT"),
        (MULTIPART, b"--b\r\nx\r\n--b--", "body", "INVALID_FORMAT"),
        (MULTIPART, b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\xff\r\n--b--", "body.a", "INVALID_FORMAT"),
        (MULTIPART, part("a", "x", '; filename="a.txt"') + b"--b--", "body.a", "NOT_ALLOWED"),
        (MULTIPART, part("a", "x", "; filename*=UTF-8''a") + b"--b--", "body.a", "NOT_ALLOWED"),
        (b"multipart/form-data", part("a", "1") + b"--b--", "body", "INVALID_FORMAT"),
        (b"multipart/form-data; boundary=", part("a", "1") + b"--b--", "body", "INVALID_FORMAT"),
    ],
)
def test_a_malformed_body(content_type: bytes, body: bytes, field: str, reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        form_values(body, content_type)
    assert (refused.value.code, refused.value.field, refused.value.extra["reason"]) == ("BAD_INPUT", field, reason)
