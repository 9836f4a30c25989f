"""A POST to an untrusted address: the address is checked, time and bytes are limited, and no redirect is followed."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult
from uuid import UUID

import httptools

from models.webhook_urls import Address, check_literal
from workers.address import Addresses, Refused
from workers.timeouts import within

CONNECT_S = 3.0
TOTAL_S = 15.0
RESPONSE_BYTES = 16 * 1024
# The one error after which another attempt is useless.
URL_REFUSED = "URL_REFUSED"
_CHUNK = 4 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """The response: its status, or the code of the error. ``body`` is what was read of it."""

    status: int | None
    error: str | None
    body: bytes
    duration_ms: int


@dataclass(slots=True)
class _Reading:
    """A response while it is read. The parser calls its methods."""

    status: int | None = None
    body: list[bytes] = field(default_factory=list)
    done: bool = False
    parser: httptools.HttpResponseParser = field(init=False)

    def __post_init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        # A status 1xx is followed by the real response.
        self.status = status if status >= 200 else None

    def on_body(self, part: bytes) -> None:
        self.body.append(part)

    def on_message_complete(self) -> None:
        self.done = self.status is not None


class Sender:
    """Sends deliveries. ``tls`` replaces the system's trusted certificates; host names are always verified."""

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
    ) -> Response:
        """Send a body, and read at most 16 KiB of the response. It never raises for what a receiver does.

        ``total_seconds`` shortens the time-out. A response whose head arrived counts, even if its body was cut off by
        time or size. Look-ups of names are limited by ``org_id``: raises Postponed, with nothing sent, when no look-up
        was free in time.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        reading, error = _Reading(), None
        try:
            parts = self._checked(url)
            # A look-up has limits of its own, and does not count as the receiver's time.
            found = await self._addresses.of(str(parts.hostname), org_id)
            async with within(min(self._total_s, total_seconds or self._total_s)):
                await self._exchange(parts, found, headers, body, reading)
        except Refused as refused:
            error = refused.code
        except TimeoutError:
            error = "TIMEOUT"
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            error = "BAD_RESPONSE"
        except OSError:
            error = "CONNECTION_LOST"
        if reading.status is not None:
            error = None
        elif error is None:
            error = "NO_RESPONSE"
        took = round((loop.time() - started) * 1000)
        return Response(reading.status, error, b"".join(reading.body)[:RESPONSE_BYTES], took)

    def _checked(self, url: str) -> SplitResult:
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
            left = RESPONSE_BYTES
            while left and not reading.done:
                chunk = await reader.read(min(_CHUNK, left))
                if not chunk:
                    return
                left -= len(chunk)
                reading.parser.feed_data(chunk)
            if reading.status is None:
                raise Refused("RESPONSE_TOO_LARGE")
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
        tls, name = (self._tls, host.removesuffix(".")) if secure else (None, None)
        share = self._connect_s / len(found)
        code = "CONNECT_FAILED"
        for address in found:
            try:
                async with within(share):
                    return await asyncio.open_connection(
                        str(address), port, limit=_CHUNK, ssl=tls, server_hostname=name
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
