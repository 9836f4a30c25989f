"""One POST to an address that nobody vouches for: judged, bounded in time and bytes, straight, without redirects."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult
from uuid import UUID

import httptools

from resolvers.webhooks.addresses import Address, check_literal
from workers.address import Addresses, Refused
from workers.limit import within

CONNECT_S = 3.0
TOTAL_S = 15.0
ANSWER_BYTES = 16 * 1024
# The one error that no later try heals.
URL_REFUSED = "URL_REFUSED"
_CHUNK = 4 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status, or the code of why none did. ``body`` is raw, as far as it was read."""

    status: int | None
    error: str | None
    body: bytes
    duration_ms: int


@dataclass(slots=True)
class _Reading:
    """What the parser tells: it calls these methods by their names."""

    status: int | None = None
    body: list[bytes] = field(default_factory=list)
    done: bool = False
    parser: httptools.HttpResponseParser = field(init=False)

    def __post_init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        # 1xx announces the answer, and is none.
        self.status = status if status >= 200 else None

    def on_body(self, part: bytes) -> None:
        self.body.append(part)

    def on_message_complete(self) -> None:
        self.done = self.status is not None


class Sender:
    """Sends deliveries. ``tls`` None is the system's trust; names are always verified."""

    def __init__(
        self,
        addresses: Addresses,
        allow_private: bool,
        *,
        tls: ssl.SSLContext | None = None,
        connect_seconds: float = CONNECT_S,
        total_seconds: float = TOTAL_S,
    ) -> None:
        self._addresses, self._allow_private = addresses, allow_private
        self._tls = tls or ssl.create_default_context()
        self._connect_s, self._total_s = connect_seconds, total_seconds

    async def post(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        org_id: UUID | None = None,
        total_seconds: float | None = None,
    ) -> Answer:
        """Send a body, and read at most 16 KiB of what comes back. Never raises for what a receiver does.

        ``total_seconds`` shortens the time that it may take. An answer whose head arrived counts, even when its body
        was cut by time or size. Names are looked up in the turns of ``org_id``; raises Postponed when there was none
        in time, and nothing was sent.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        reading, error = _Reading(), None
        try:
            parts = self._judged(url)
            # Looking a name up has bounds of its own, and is not the receiver's time.
            found = await self._addresses.of(str(parts.hostname), org_id)
            async with within(min(self._total_s, total_seconds or self._total_s)):
                await self._exchange(parts, found, headers, body, reading)
        except Refused as refused:
            error = refused.code
        except TimeoutError:
            error = "TIMEOUT"
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            error = "BAD_ANSWER"
        except OSError:
            error = "CONNECTION_LOST"
        if reading.status is not None:
            error = None
        elif error is None:
            error = "NO_ANSWER"
        took = round((loop.time() - started) * 1000)
        return Answer(reading.status, error, b"".join(reading.body)[:ANSWER_BYTES], took)

    def _judged(self, url: str) -> SplitResult:
        try:
            return check_literal(url, self._allow_private)
        except ValueError:
            raise Refused(URL_REFUSED) from None

    async def _exchange(
        self, parts: SplitResult, found: list[Address], headers: Mapping[str, str], body: bytes, reading: _Reading
    ) -> None:
        reader, writer = await self._connect(parts, found)
        try:
            writer.write(_head(parts, headers, len(body)) + body)
            left = ANSWER_BYTES
            while left and not reading.done:
                chunk = await reader.read(min(_CHUNK, left))
                if not chunk:
                    return
                left -= len(chunk)
                reading.parser.feed_data(chunk)
            if reading.status is None:
                raise Refused("ANSWER_TOO_LARGE")
        finally:
            # Not close(): that would wait for the receiver.
            writer.transport.abort()

    async def _connect(
        self, parts: SplitResult, found: list[Address]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with within(self._connect_s):
                return await self._first(found, str(parts.hostname), parts)
        except TimeoutError:
            raise Refused("CONNECT_TIMEOUT") from None

    async def _first(
        self, found: list[Address], host: str, parts: SplitResult
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        trust, name = (self._tls, host.removesuffix(".")) if secure else (None, None)
        share = self._connect_s / len(found)
        code = "CONNECT_FAILED"
        for address in found:
            try:
                async with within(share):
                    return await asyncio.open_connection(
                        str(address), port, limit=_CHUNK, ssl=trust, server_hostname=name
                    )
            except ssl.SSLError:
                code = "TLS_FAILED"
            except TimeoutError:
                code = "CONNECT_TIMEOUT"
            except OSError:
                code = "CONNECT_FAILED"
        raise Refused(code)


def _head(parts: SplitResult, headers: Mapping[str, str], length: int) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += ["Accept-Encoding: identity", f"Content-Length: {length}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("ascii")
