"""PNGs as they come in: what is whole is taken, and nothing else, whatever it says of itself."""

import zlib

import pytest

from models.images import check_png
from tests.support.images import SIGNATURE, chunk, header, png

END = chunk(b"IEND", b"")


def _data(size: int) -> bytes:
    return chunk(b"IDAT", zlib.compress(bytes(size)))


@pytest.mark.parametrize(
    "whole",
    [
        png(1, 1),
        png(1_024, 1_024),
        SIGNATURE + header(9, 3, 1, 0) + _data(3 * 3) + END,
        SIGNATURE + header(3, 2, 16, 6) + _data(2 * 25) + END,
        SIGNATURE + header(2, 2, 8, 3) + chunk(b"PLTE", bytes(3)) + _data(2 * 3) + END,
        # Interlaced, 5 by 5: what each of the seven passes has, with a byte before each of its rows.
        SIGNATURE + header(5, 5, 8, 0, 1) + _data(2 + 2 + 3 + 2 * 2 + 4 + 3 * 3 + 2 * 6) + END,
    ],
    ids=["smallest", "largest", "bits", "deep", "palette", "interlaced"],
)  # fmt: skip
def test_what_is_whole_is_taken(whole: bytes) -> None:
    check_png(whole)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"GIF89a" + bytes(100),
        SIGNATURE,
        png(2, 2)[:-1],
        png(2, 2)[:-12],
        png(2, 2) + b"x",
        png(2, 2).replace(b"IHDR", b"IHDS"),
        SIGNATURE + _data(4) + END,
        SIGNATURE + header(2, 2) + END,
        SIGNATURE + header(0, 2) + _data(0) + END,
        SIGNATURE + header(1_025, 1) + _data(1 + 3 * 1_025) + END,
        SIGNATURE + header(2**31, 2**31) + _data(10) + END,
        SIGNATURE + header(2, 2, 3) + _data(14) + END,
        SIGNATURE + header(2, 2, 8, 5) + _data(14) + END,
        SIGNATURE + header(2, 2) + _data(13) + END,
        SIGNATURE + header(2, 2) + _data(15) + END,
        SIGNATURE + header(2, 2) + chunk(b"IDAT", b"no deflate") + END,
        SIGNATURE + b"\xff\xff\xff\xffIHDR" + bytes(30),
    ],
)
def test_what_is_not_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="must"):
        check_png(broken)


def test_a_small_file_that_unpacks_to_much_is_refused_unread() -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)
    assert len(bomb) < 64 * 1024
    with pytest.raises(ValueError, match="whole"):
        check_png(SIGNATURE + header(1_024, 1_024) + chunk(b"IDAT", bomb) + END)
