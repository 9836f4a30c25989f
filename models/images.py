"""PNG images that are kept: held to their bounds as they come in, since nothing looks at them again."""

import base64
import binascii
import hashlib
import struct
import zlib
from collections.abc import Iterator
from typing import Annotated, Any

from annotated_types import MaxLen
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from models.types import SchemaExtra

IMAGE_BYTES = 64 * 1024
IMAGE_PIXELS = 1_024
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DATA_URL = "data:image/png;base64,"
# The text of an image: base64 makes four characters of three bytes.
IMAGE_TEXT = len(_DATA_URL) + (IMAGE_BYTES + 2) // 3 * 4
DIGEST = r"^sha256:[0-9a-f]{64}$"
_DIGEST_PREFIX = "sha256:"
# The samples of a pixel by the type of color, and the depths that a sample may have.
_SAMPLES = {0: (1, (1, 2, 4, 8, 16)), 2: (3, (8, 16)), 3: (1, (1, 2, 4, 8)), 4: (2, (8, 16)), 6: (4, (8, 16))}


def digest_of(png: bytes) -> str:
    """Return the text that stands for an image: its SHA-256."""
    return _DIGEST_PREFIX + hashlib.sha256(png).hexdigest()


def _image(value: str) -> str | bytes:
    """Return the PNG of a base64 text, or the text where it is the digest of an image.

    Raises ValueError for anything else, and for a PNG that is too large, broken, or has too many pixels.
    """
    if value.startswith(_DIGEST_PREFIX):
        return value
    try:
        png = base64.b64decode(value.removeprefix(_DATA_URL), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be a PNG in base64") from None
    if len(png) > IMAGE_BYTES:
        raise PydanticCustomError("TOO_LONG", f"must have at most {IMAGE_BYTES} bytes", {"limit": IMAGE_BYTES})
    check_png(png)
    return png


def check_png(png: bytes) -> None:
    """Raise ValueError for what is no whole PNG, or has more than 1,024 pixels on a side."""
    if not png.startswith(_SIGNATURE):
        raise ValueError("must be a PNG")
    parts = list(_parts(png))
    names = [name for name, _ in parts]
    if not names or names[0] != b"IHDR" or names[-1] != b"IEND" or b"IDAT" not in names or len(parts[0][1]) != 13:
        raise _broken()
    width, height, depth, color, *methods = struct.unpack(">IIBBBBB", parts[0][1])
    samples, depths = _SAMPLES.get(color, (0, ()))
    if depth not in depths or methods[:2] != [0, 0] or methods[2] not in (0, 1):
        raise _broken()
    if not (1 <= width <= IMAGE_PIXELS and 1 <= height <= IMAGE_PIXELS):
        text = f"must have at most {IMAGE_PIXELS} pixels on each side"
        raise PydanticCustomError("OUT_OF_RANGE", text, {"maximum": IMAGE_PIXELS})
    _check_pixels(b"".join(data for name, data in parts if name == b"IDAT"), width, height, depth * samples, methods[2])


def _parts(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks with their names. Raises ValueError for one that is cut off or does not fit its checksum."""
    at = len(_SIGNATURE)
    while at < len(png):
        if len(png) - at < 12:
            raise _broken()
        length, name = struct.unpack(">I4s", png[at : at + 8])
        data, sum_ = png[at + 8 : at + 8 + length], png[at + 8 + length : at + 12 + length]
        if len(sum_) != 4 or zlib.crc32(name + data) != int.from_bytes(sum_):
            raise _broken()
        yield name, data
        at += 12 + length


def _check_pixels(data: bytes, width: int, height: int, bits: int, interlaced: int) -> None:
    """Raise ValueError where the data, unpacked no further than the image is large, is not that of its pixels."""
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    size = 0
    for left, top, across, down in passes:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            size += rows * (1 + (columns * bits + 7) // 8)
    try:
        found = zlib.decompressobj().decompress(data, size + 1)
    except zlib.error:
        raise _broken() from None
    if len(found) != size:
        raise _broken()


# The passes of an interlaced image: where each begins, and its steps.
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def _broken() -> ValueError:
    return ValueError("must be a PNG that is whole")


Image: Any = Annotated[
    str,
    MaxLen(IMAGE_TEXT),
    AfterValidator(_image),
    SchemaExtra(
        description=f"A PNG of at most {IMAGE_BYTES // 1024} KiB in base64, or the digest that is shown for it."
    ),
]
