"""The Idempotency-Key of a request, and the header of a response that repeats the first one."""

from resolvers.errors import bad_input
from web.http import Header, Request

IDEMPOTENCY_KEY_LENGTH = 255
REPLAYED: Header = (b"idempotent-replayed", b"true")


def idempotency_key(request: Request) -> str | None:
    """Return the Idempotency-Key. Raises Refusal BAD_INPUT for other than 1 to 255 printable ASCII characters."""
    key = request.header(b"idempotency-key")
    return None if key is None else check_key(key, "Idempotency-Key", "header.")


def check_key(key: str, name: str, within: str = "") -> str:
    """Return an idempotency key. Raises Refusal BAD_INPUT for other than 1 to 255 printable ASCII characters."""
    if not (0 < len(key) <= IDEMPOTENCY_KEY_LENGTH and key.isascii() and key.isprintable()):
        text = f"{name} must be 1 to 255 printable ASCII characters."
        raise bad_input(f"{within}{name}", text, "INVALID_FORMAT")
    return key
