"""PNG images that are kept: held to their bounds as they come in, so that every one that is kept can be drawn."""

import base64
import binascii
import hashlib
from typing import Annotated, Any

from annotated_types import MaxLen
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from models.png import MAX_SIDE, PngError, PngTooLargeError, drawn
from models.types import SchemaExtra

IMAGE_BYTES = 64 * 1024
_DATA_URL = "data:image/png;base64,"
# The text of an image: base64 makes four characters of three bytes.
IMAGE_TEXT = len(_DATA_URL) + (IMAGE_BYTES + 2) // 3 * 4
DIGEST = r"^sha256:[0-9a-f]{64}$"
_DIGEST_PREFIX = "sha256:"


def digest_of(png: bytes) -> str:
    """Return the text that stands for an image: its SHA-256."""
    return _DIGEST_PREFIX + hashlib.sha256(png).hexdigest()


def _image(value: str) -> str | bytes:
    """Return the PNG of a base64 text, or the text where it is the digest of an image.

    Raises ValueError for anything else, and for a PNG that is too large or cannot be drawn.
    """
    if value.startswith(_DIGEST_PREFIX):
        return value
    try:
        png = base64.b64decode(value.removeprefix(_DATA_URL), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be a PNG in base64") from None
    if len(png) > IMAGE_BYTES:
        raise PydanticCustomError("TOO_LONG", f"must have at most {IMAGE_BYTES} bytes", {"limit": IMAGE_BYTES})
    try:
        drawn(png)
    except PngTooLargeError:
        raise PydanticCustomError(
            "OUT_OF_RANGE", f"must have at most {MAX_SIDE} pixels on each side", {"maximum": MAX_SIDE}
        ) from None
    except PngError as error:
        raise ValueError(f"must be a PNG that can be drawn; this one {error}") from None
    return png


Image: Any = Annotated[
    str,
    MaxLen(IMAGE_TEXT),
    AfterValidator(_image),
    SchemaExtra(contentMediaType="image/png", contentEncoding="base64"),
]
