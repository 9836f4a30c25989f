"""Documents that a process publishes, such as its contracts: printed and compressed once, when first asked for, with an
ETag."""

import asyncio
import hashlib
from collections.abc import Callable
from functools import cached_property

from server.http.compression import CODINGS, VARY, accepted_coding
from web.etags import not_modified
from web.http import Header, Reply, Request, reply


class Published:
    """Answers with a document, which ``printed`` returns, of one media type."""

    def __init__(self, printed: Callable[[], str], media: bytes) -> None:
        self.printed, self.media = printed, media
        self._compressed: dict[bytes, bytes] = {}

    @cached_property
    def _document(self) -> tuple[bytes, bytes]:
        text = self.printed().encode()
        return text, b'"%s"' % hashlib.sha256(text).hexdigest()[:32].encode()

    async def __call__(self, request: Request) -> Reply:
        """Answer with the document, or that the client has it."""
        text, tag = await asyncio.to_thread(getattr, self, "_document")
        # It changes with each release: kept, but asked for anew.
        headers: list[Header] = [(b"etag", tag), (b"cache-control", b"no-cache")]
        if not_modified(request, tag):
            return reply(304, b"", self.media, headers)
        coding = accepted_coding(request.scope)
        if coding is None:
            return reply(200, text, self.media, headers)
        if coding not in self._compressed:
            self._compressed[coding] = await asyncio.to_thread(CODINGS[coding], text)
        return reply(200, self._compressed[coding], self.media, [*headers, (b"content-encoding", coding), VARY])
