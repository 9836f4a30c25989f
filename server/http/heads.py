"""What the head of a request must be: HTTP/1.1 or 1.0, with one reading and no other."""

import re
from collections.abc import Sequence

from resolvers.errors import Refusal
from web.http import Header

HEAD_BYTES = 32 * 1024
HEAD_FIELDS = 128

_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")


def refused(version: str, method: str, headers: Sequence[Header]) -> Refusal | None:
    """Return why a head that the parser understood is refused: whatever two servers could read in two ways."""
    names = [name for name, _ in headers]
    if len(names) > HEAD_FIELDS:
        return too_large()
    if version != "1.1" and version != "1.0":
        return malformed("The version must be HTTP/1.1 or HTTP/1.0.")
    hosts = names.count(b"host")
    if hosts != 1 and (hosts or version == "1.1"):
        return malformed("There must be one Host header.")
    if hosts and not _HOST.fullmatch(headers[names.index(b"host")][1]):
        return malformed("The Host header must be a host and, after a colon, a port.")
    if b"transfer-encoding" in names:
        # The parser lets none pass beside a Content-Length, and only what ends with chunked.
        if version == "1.0":
            return malformed("Transfer-Encoding is for HTTP/1.1.")
        if [value.lower() for name, value in headers if name == b"transfer-encoding"] != [b"chunked"]:
            return malformed("Transfer-Encoding must be chunked, and nothing else.")
    if method == "CONNECT":
        return unknown_method()
    return None


def framing(headers: Sequence[Header]) -> bytes:
    """Return the header that says how the body ends; empty where there is no body."""
    for name, value in headers:
        if name == b"content-length" or name == b"transfer-encoding":
            return name + b": " + value
    return b""


def malformed(reason: str = "It is not HTTP/1.1.") -> Refusal:
    """Return the refusal of a request that cannot be read, or could be read in two ways."""
    return Refusal("BAD_INPUT", f"The request is malformed. {reason}")


def too_large() -> Refusal:
    """Return the refusal of a head that is larger than one may be."""
    return Refusal(
        "HEADERS_TOO_LARGE", f"Path and headers may have {HEAD_BYTES} bytes and {HEAD_FIELDS} headers at most."
    )


def too_slow(seconds: float) -> Refusal:
    """Return the refusal of a head that did not arrive in time."""
    return Refusal("REQUEST_TIMEOUT", f"Path and headers did not arrive within {seconds:g} s.")


def unknown_method() -> Refusal:
    """Return the refusal of a method that no path answers."""
    return Refusal("NOT_IMPLEMENTED", "The method is not supported.")
