"""Conditional requests: the ETags in If-Match and If-None-Match. An object's ETag is its version, quoted."""

import re

from resolvers.errors import Refusal, bad_input
from web.http import Request

# An ETag as a list of them has it; a bare number is taken too.
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"|\d+'
_LIST = re.compile(rf"[ \t,]*(?:{_TAG})(?:[ \t]*,[ \t,]*(?:{_TAG}))*[ \t,]*")
_CONTENT = re.compile(r'"([^"]*)"|(\d+)')
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
NO_VERSION = 0


def versions_expected(request: Request) -> list[int] | None:
    """Return the versions that If-Match lists, each once; None for ``*``, or without the header.

    A weak ETag (``W/"3"``) counts as a strong one, as proxies that compress responses make ETags weak. An ETag that is
    no version is returned as 0, which no object has. Raises Refusal BAD_INPUT for a header that is no list of ETags,
    VERSION_MISMATCH for ``If-None-Match: *``, which no object fulfils.
    """
    if request.headers.get(b"if-none-match", b"").strip() == b"*":
        raise Refusal("VERSION_MISMATCH", "If-None-Match: * requires that the object does not exist.")
    if b"if-match" not in request.headers:
        return None
    given = request.whole(b"if-match").decode("latin-1")
    if given.strip() == "*":
        return None
    if not _LIST.fullmatch(given):
        raise bad_input("header.If-Match", 'If-Match must be one or more ETags, such as "3".', "INVALID_FORMAT")
    tags = dict.fromkeys(quoted or bare for quoted, bare in _CONTENT.findall(given))
    return [int(tag) if _VERSION.fullmatch(tag) else NO_VERSION for tag in tags]


def not_modified(request: Request, tag: bytes) -> bool:
    """Return whether If-None-Match has an ETag: the client already has the current object."""
    if b"if-none-match" not in request.headers:
        return False
    given = request.whole(b"if-none-match").decode("latin-1")
    return given.strip() == "*" or tag.decode().strip('"') in (quoted for quoted, _ in _CONTENT.findall(given))
