"""The Idempotency-Key of a request, and the header of a response that repeats the first one."""

from resolvers.errors import bad_input
from web.http import Header, Request

IDEMPOTENCY_KEY_LENGTH = 255
REPLAYED: Header = (b"idempotent-replayed", b"true")


def idempotency_key(request: Request) -> str | None:
    """Return the Idempotency-Key. Raises Refusal BAD_INPUT for other than 1 to 255 printable ASCII characters."""
    key = request.header(b"idempotency-key")
    if key is not None and not (0 < len(key) <= IDEMPOTENCY_KEY_LENGTH and key.isascii() and key.isprintable()):
        raise bad_input(
            "header.Idempotency-Key", "Idempotency-Key must be 1 to 255 printable ASCII characters.", "INVALID_FORMAT"
        )
    return key
