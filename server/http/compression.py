"""Answers compressed where the client accepts it, so that a page of rows is a quarter of its size on the wire."""

import asyncio
import re
import sys
import zlib
from collections.abc import Callable, Iterable
from functools import lru_cache, partial

from web.accept import weights
from web.http import Header, Scope

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# Below it the headers that say so take what is saved.
LEAST = 1024
# From here on it takes milliseconds, which another thread has while the loop goes on: both libraries release the GIL.
BESIDE_THE_LOOP = 64 * 1024
# Fast levels: the higher ones take several times as long for a tenth of the size. Of long texts gzip's fastest leaves
# a twentieth more, in half of the time, which is most of what such an answer takes.
_ZSTD_LEVEL, _GZIP_LEVEL, _GZIP_LEVEL_BESIDE = 3, 4, 1
# zlib's word for gzip's header and trailer around 32 KiB of window.
_GZIP = 31
# In the order in which they are taken where a client accepts them alike: some name zstd that cannot read it.
CODINGS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": lambda body: zlib.compress(
        body, level=_GZIP_LEVEL if len(body) < BESIDE_THE_LOOP else _GZIP_LEVEL_BESIDE, wbits=_GZIP
    ),
    b"zstd": partial(zstd.compress, level=_ZSTD_LEVEL),
}
_SYNONYMS = {b"x-gzip": b"gzip"}
_TEXTUAL = re.compile(
    rb"(?:text/(?!event-stream)|application/(?:[\w.+-]*[+]|)(?:json|javascript|xml)\b|image/svg)", re.I
)
VARY: Header = (b"vary", b"Accept-Encoding")


@lru_cache(256)
def coding_for(accepted: bytes) -> bytes | None:
    """Return the coding that an Accept-Encoding prefers, gzip where it likes several alike; None for no coding at
    all."""
    liked = {_SYNONYMS.get(name, name): weight for name, weight in weights(accepted).items()}
    others = liked.get(b"*", 0.0)
    best = max(CODINGS, key=lambda name: liked.get(name, others))
    weight = liked.get(best, others)
    return best if weight > 0 and weight >= liked.get(b"identity", 0.0) else None


def accepted_coding(scope: Scope) -> bytes | None:
    """Return the coding that a request prefers; None for none at all."""
    accepted = b",".join([value for name, value in scope["headers"] if name == b"accept-encoding"])
    return coding_for(accepted) if accepted else None


async def compressed(scope: Scope, headers: list[Header], body: bytes) -> tuple[list[Header], bytes]:
    """Return the headers and the body of an answer as they leave. An answer that the request's state calls secret is
    left as it is: its length must not tell how much of what the caller sent is in it (BREACH)."""
    if len(body) < LEAST or scope["state"].get("secret") or not _compressible(headers):
        return headers, body
    coding = accepted_coding(scope)
    if coding is None:
        return [*headers, VARY], body
    compress = CODINGS[coding]
    body = compress(body) if len(body) < BESIDE_THE_LOOP else await asyncio.to_thread(compress, body)
    kept = [header for header in headers if header[0] != b"content-length"]
    return [*kept, (b"content-length", b"%d" % len(body)), (b"content-encoding", coding), VARY], body


def _compressible(headers: Iterable[Header]) -> bool:
    media = b""
    for name, value in headers:
        if name == b"content-type":
            media = value
        elif name == b"content-encoding":
            return False
    return _is_textual(media)


@lru_cache(256)
def _is_textual(media: bytes) -> bool:
    return _TEXTUAL.match(media) is not None
