"""PNGs that are judged before anything else reads them: their chunks, their size, what they unpack to."""

import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise

MAX_SIDE = 1_024
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# What is drawn. The rest, such as profiles, texts and animations, may unpack to any size, and is not needed.
_DRAWN = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
# The samples of a pixel by the colour type, and the depths that it may have.
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# The passes of an interlaced picture: the first column and row, and the steps from one to the next.
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


class PngError(ValueError):
    """A PNG that is not drawn; its text says why, as the end of a sentence: ``is no PNG``."""


class PngTooLargeError(PngError):
    """A PNG with more than ``MAX_SIDE`` pixels on a side, or none."""


def drawn(data: bytes) -> bytes:
    """Return a PNG with what is drawn of it, and nothing else. Raises PngError.

    At most ``MAX_SIDE`` rows and columns are unpacked, whatever the file says.
    """
    chunks = [chunk for chunk in _chunks(data) if chunk[0] in _DRAWN]
    names = [name for name, _ in chunks]
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or len(chunks[0][1]) != 13:
        raise PngError("is no PNG")
    places = [_DRAWN.index(name) for name in names]
    if places != sorted(places) or any(names.count(name) > 1 for name in _DRAWN if name != b"IDAT"):
        raise PngError("has a chunk twice, or in the wrong place")
    width, height, depth, colour, *methods = struct.unpack(">IIBBBBB", chunks[0][1])
    if depth not in _DEPTHS.get(colour, ()) or methods[:2] != [0, 0] or methods[2] > 1:
        raise PngError("has a color type or a bit depth that there is not")
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise PngTooLargeError(f"has more than {MAX_SIDE:,} pixels on a side, or none")
    sizes = {name: len(body) for name, body in chunks}
    colours = sizes.get(b"PLTE", 0)
    if (colour == 3 and not colours) or colours % 3 or colours > 3 * 256:
        raise PngError("has no palette that fits")
    if b"tRNS" in sizes and not 0 < sizes[b"tRNS"] <= {0: 2, 2: 6, 3: colours // 3}.get(colour, 0):
        raise PngError("has no transparency that fits")
    passes = _ADAM7 if methods[2] else ((0, 0, 1, 1),)
    _unpacked(
        b"".join(body for name, body in chunks if name == b"IDAT"),
        _rows(width, height, depth * _SAMPLES[colour], passes),
    )
    return _SIGNATURE + b"".join(map(_packed, chunks))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks of a PNG, each with its name. Raises PngError where they do not add up to the file."""
    if not data.startswith(_SIGNATURE):
        raise PngError("is no PNG")
    at = len(_SIGNATURE)
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        end = at + 12 + length
        if end > len(data) or zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise PngError("is broken")
        yield data[at + 4 : at + 8], data[at + 8 : end - 4]
        at = end


def _packed(chunk: tuple[bytes, bytes]) -> bytes:
    whole = chunk[0] + chunk[1]
    return len(chunk[1]).to_bytes(4, "big") + whole + zlib.crc32(whole).to_bytes(4, "big")


def _rows(width: int, height: int, bits: int, passes: tuple[tuple[int, int, int, int], ...]) -> list[tuple[int, int]]:
    """Return how many rows each pass has, and the bytes of a row, the one of its filter included."""
    found = []
    for left, top, right, down in passes:
        columns, rows = -(-(width - left) // right), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            found.append((rows, 1 + -(-columns * bits // 8)))
    return found


def _unpacked(packed: bytes, passes: list[tuple[int, int]]) -> None:
    """Raise PngError where the pixels are not those that the header announces."""
    starts = [0]
    for rows, size in passes:
        starts.append(starts[-1] + rows * size)
    unpacker = zlib.decompressobj()
    try:
        pixels = unpacker.decompress(packed, starts[-1] + 1)
    except zlib.error:
        raise PngError("is broken") from None
    if len(pixels) != starts[-1] or not unpacker.eof:
        raise PngError("is broken")
    for (start, end), (_, size) in zip(pairwise(starts), passes, strict=True):
        if max(pixels[start:end:size]) > 4:
            raise PngError("is broken")


def size_of(data: bytes) -> tuple[int, int]:
    """Return the width and the height, in pixels, of a PNG that is drawn."""
    width, height = struct.unpack_from(">II", data, len(_SIGNATURE) + 8)
    return width, height
