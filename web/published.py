"""Documents that a process publishes, such as its contracts: printed once, when first asked for, with an ETag."""

import asyncio
import hashlib
from collections.abc import Callable
from functools import cached_property

from web.etags import not_modified
from web.http import Reply, Request, reply


class Published:
    """Answers with a document, which ``printed`` returns, of one media type."""

    def __init__(self, printed: Callable[[], str], media: bytes) -> None:
        self.printed, self.media = printed, media

    @cached_property
    def _document(self) -> tuple[bytes, bytes]:
        text = self.printed().encode()
        return text, b'"%s"' % hashlib.sha256(text).hexdigest()[:32].encode()

    async def __call__(self, request: Request) -> Reply:
        """Answer with the document, or that the client has it."""
        text, tag = await asyncio.to_thread(getattr, self, "_document")
        # It changes with each release: kept, but asked for anew.
        headers = [(b"etag", tag), (b"cache-control", b"no-cache")]
        return reply(304 if not_modified(request, tag) else 200, text, self.media, headers)
