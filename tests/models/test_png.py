"""A PNG is judged before it is drawn: what is broken, or unpacks to more than it may, is refused."""

import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.png import MAX_SIDE, PngError, drawn, size_of
from tests.support.pngs import chunk, mark, png

GOOD = png(30, 20)
PALETTE = chunk(b"PLTE", b"\x01\x02\x03")


def _rows(*counts: tuple[int, int]) -> bytes:
    return b"".join((b"\x00" + bytes(size)) * rows for rows, size in counts)


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        mark(24, 16),
        png(1, 1),
        png(9, 3, _rows((3, 2)), depth=1, colour=0),
        png(9, 3, _rows((3, 9)), depth=8, colour=3, before=PALETTE),
        png(4, 4, _rows((4, 24)), depth=16, colour=2),
        # Interlaced: the passes have 1, 1, 1, 2, 1, 3 and 2 rows.
        png(5, 5, _rows((1, 1), (1, 1), (1, 2), (2, 1), (1, 3), (3, 2), (2, 5)), colour=0, interlaced=1),
        png(MAX_SIDE, 256, _rows((256, MAX_SIDE)), colour=0),
    ],
)
def test_a_good_one_is_drawn_as_it_is(data: bytes) -> None:
    assert drawn(data) == data
    assert size_of(data) == (int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"))


def test_what_is_not_drawn_is_left_out() -> None:
    bomb = zlib.compress(bytes(10_000_000), 9)
    extra = chunk(b"iCCP", b"profile\x00\x00" + bomb) + chunk(b"zTXt", b"text\x00\x00" + bomb)
    assert drawn(png(30, 20, before=extra, after=chunk(b"tEXt", b"Author\x00somebody"))) == GOOD


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is no PNG"),
        (b"<svg/>", "is no PNG"),
        (GOOD[:8], "is no PNG"),
        (GOOD[:8] + GOOD[33:], "is no PNG"),
        (GOOD[:-12], "is no PNG"),
        (GOOD[:-1], "is broken"),
        (GOOD + b"\x00", "is broken"),
        (GOOD[:20] + b"\xff" + GOOD[21:], "is broken"),
        (png(30, 20, b"\x00" * 10), "is broken"),
        (png(30, 20, b"\x00" * 10_000), "is broken"),
        (png(30, 20, (b"\x05" + b"\x00" * 120) * 20), "is broken"),
        (png(30, 20, interlaced=1), "is broken"),
        (png(30, 20, before=chunk(b"IHDR", bytes(13))), "has a chunk twice, or in the wrong place"),
        (png(30, 20, after=chunk(b"PLTE", bytes(3))), "has a chunk twice, or in the wrong place"),
        (png(9, 3, before=chunk(b"tRNS", b"\x00") + PALETTE, colour=3), "has a chunk twice, or in the wrong place"),
        (png(30, 20, depth=3), "has a color type or a bit depth that there is not"),
        (png(30, 20, colour=5), "has a color type or a bit depth that there is not"),
        (png(30, 20, interlaced=2), "has a color type or a bit depth that there is not"),
        (png(30, 20, colour=3), "has no palette that fits"),
        (png(30, 20, colour=3, before=chunk(b"PLTE", b"\x00\x00")), "has no palette that fits"),
        (png(9, 3, before=PALETTE + chunk(b"tRNS", b"\x00\x00"), colour=3), "has no transparency that fits"),
        (png(30, 20, before=chunk(b"tRNS", b"\x00")), "has no transparency that fits"),
        (png(0, 20, b""), "has more than 1,024 pixels on a side, or none"),
        (png(MAX_SIDE + 1, 1), "has more than 1,024 pixels on a side, or none"),
        (png(0xFFFFFFFF, 0xFFFFFFFF, b""), "has more than 1,024 pixels on a side, or none"),
    ],
)
def test_a_wrong_one_is_refused_with_why(data: bytes, why: str) -> None:
    with pytest.raises(PngError) as raised:
        drawn(data)
    assert str(raised.value) == why


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_changed_byte_is_found(place: int, by: int) -> None:
    with pytest.raises(PngError):
        drawn(GOOD[:place] + bytes([GOOD[place] ^ by]) + GOOD[place + 1 :])


@given(st.binary(max_size=200))
def test_any_bytes_are_judged(data: bytes) -> None:
    with pytest.raises(PngError):
        drawn(GOOD[:8] + data)


def test_a_bomb_takes_no_memory() -> None:
    # 64 KiB that would unpack to 60 MB, behind a header that announces as many pixels as may be, and one that does not.
    packed = zlib.compress(bytes(60_000_000), 9)
    assert len(packed) < 64 * 1024
    header = png(1_024, 1_024, b"")[8:33]
    bombs = [GOOD[:8] + head + chunk(b"IDAT", packed) + chunk(b"IEND", b"") for head in (header, GOOD[8:33])]
    tracemalloc.start()
    try:
        for bomb in bombs:
            with pytest.raises(PngError, match="is broken"):
                drawn(bomb)
        assert tracemalloc.get_traced_memory()[1] < 4 * MAX_SIDE**2 * 3
    finally:
        tracemalloc.stop()
