"""Images that come in as texts: what can be drawn is taken, and nothing else."""

import base64

import pytest
from pydantic import TypeAdapter, ValidationError

from models.images import IMAGE_BYTES, Image, digest_of
from tests.support.pngs import chunk, png

GIVEN: TypeAdapter[bytes | str] = TypeAdapter(Image)
GOOD = png(30, 20)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_a_png_and_the_digest_of_one_are_taken() -> None:
    for text in (_text(GOOD), f"data:image/png;base64,{_text(GOOD)}"):
        assert GIVEN.validate_python(text) == GOOD
    assert GIVEN.validate_python(digest_of(GOOD)) == digest_of(GOOD)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "value_error"),
        ("no base64", "value_error"),
        (_text(b"GIF89a"), "value_error"),
        (_text(GOOD[:-1]), "value_error"),
        # Its chunks are whole, but not what they say together: it would not be drawn.
        (_text(png(30, 20, (b"\x05" + bytes(120)) * 20)), "value_error"),
        (_text(png(9, 3, (b"\x00" + bytes(9)) * 3, colour=3)), "value_error"),
        (_text(png(1_025, 1)), "OUT_OF_RANGE"),
        (_text(png(30, 20, before=chunk(b"tEXt", bytes(IMAGE_BYTES - len(GOOD))))), "TOO_LONG"),
    ],
)
def test_what_cannot_be_drawn_is_refused(text: str, kind: str) -> None:
    with pytest.raises(ValidationError) as raised:
        GIVEN.validate_python(text)
    assert [error["type"] for error in raised.value.errors()] == [kind]
