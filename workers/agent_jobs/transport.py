"""HTTP to providers: no proxy of the environment, no redirect, and answers of a bounded size, which have no coding."""

from collections.abc import AsyncIterator

import httpx2

CONNECT_S, READ_S = 10.0, 300.0
ANSWER_BYTES = 4 * 1024 * 1024


# What is encoded becomes as large as it likes: a thousand times its size, within one part of it.
_CODING = {"Accept-Encoding": "identity"}


class UnreadError(httpx2.ReadError):
    """An answer that came, and is not read; its text says why, for a person."""


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends with an error when it becomes too large."""

    def __init__(self, body: httpx2.AsyncByteStream, request: httpx2.Request) -> None:
        self._body, self._request = body, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = ANSWER_BYTES
        async for part in self._body:
            left -= len(part)
            if left < 0:
                raise UnreadError(f"it is larger than {ANSWER_BYTES >> 20} MiB", request=self._request)
            yield part

    async def aclose(self) -> None:
        await self._body.aclose()


class Transport(httpx2.AsyncHTTPTransport):
    """A transport that cuts answers which are too large, and reads none that is encoded."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request."""
        response = await super().handle_async_request(request)
        assert isinstance(response.stream, httpx2.AsyncByteStream), "an answer that is read asynchronously"
        if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            await response.stream.aclose()
            if response.is_success:
                raise UnreadError("it is encoded, which was not asked for", request=request)
            # What its status says holds without the body.
            del response.headers["Content-Encoding"]
            response.stream = httpx2.ByteStream(b"")
        else:
            response.stream = _Bounded(response.stream, request)
        return response


def client() -> httpx2.AsyncClient:
    """Return a client for one job, to be closed."""
    timeout = httpx2.Timeout(READ_S, connect=CONNECT_S)
    return httpx2.AsyncClient(
        transport=Transport(trust_env=False),
        headers=_CODING,
        timeout=timeout,
        trust_env=False,
        follow_redirects=False,
    )
