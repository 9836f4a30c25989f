"""PNGs, right and wrong ones."""

import struct
import zlib
from functools import cache


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def png(
    width: int, height: int, pixels: bytes | None = None, *, depth: int = 8, colour: int = 6, interlaced: int = 0,
    before: bytes = b"", after: bytes = b"",
) -> bytes:  # fmt: skip
    """A PNG of some pixels (by default all of one colour), with other chunks before and after them."""
    if pixels is None:
        pixels = (b"\x00" + b"\x20\x40\x80\xff" * width) * height
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    parts = [chunk(b"IHDR", header), before, chunk(b"IDAT", zlib.compress(pixels, 9)), after, chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@cache
def mark(width: int = 240, height: int = 156) -> bytes:
    """The logo of the samples: a ticket with its counterfoil, each pixel the mean of nine."""
    rows = []
    for row in range(height):
        shown = bytearray(b"\x00")
        for column in range(width):
            points = ((column + x / 3, row + y / 3) for x in (0, 1, 2) for y in (0, 1, 2))
            inked = sum(_is_inked(x / width, y / width, height / width) for x, y in points)
            shown += b"\x0f\x5c\x4d" + bytes([inked * 255 // 9])
        rows.append(bytes(shown))
    return png(width, height, b"".join(rows))


def _is_inked(x: float, y: float, bottom: float) -> bool:
    """Whether a point belongs to the mark, which is as wide as one."""
    notched = min(y**2, (y - bottom) ** 2) + (x - 0.35) ** 2 < 0.007
    perforated = abs(x - 0.35) < 0.015 and int(y * 20) % 2 == 0
    corner = min(x, 1 - x) + min(y, bottom - y) < 0.035
    printed = (0.5 < x < 0.87 and abs(y - 0.24) < 0.03) or (0.5 < x < 0.72 and abs(y - 0.4) < 0.03)
    return not (notched or perforated or corner or printed)
