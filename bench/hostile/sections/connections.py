"""What one connection may hold, and for how long: heads, trailers, pipelining, bodies and answers."""

import asyncio
import socket
from collections.abc import Iterator

from bench.hostile.figures import Figure
from bench.hostile.target import MEBIBYTE, Target
from bench.hostile.wire import exchange

SECTION = "Connections"

# No connection that a client keeps open by itself needs longer: head 5 s, body 10 s, 10 s for what is dropped.
LIFE_S = 30.0
MAX_S = 45.0
CHUNKED = b"POST /api/v1/clients HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
SMALL = b"GET /api/health HTTP/1.1\r\nhost: x\r\n\r\n"
TRAILER = (b"x-trailer: " + b"a" * 1_000 + b"\r\n") * 60
BODY = 10_000_000


async def measure(server: Target) -> list[Figure]:
    """Every kind of connection, those that take time side by side."""
    found = [await _trailers(server), *await _pipelined(server), *await _heads(server), *await _refused(server)]
    return found + await _lives(server)


async def _trailers(server: Target) -> Figure:
    def pieces() -> Iterator[bytes]:
        yield CHUNKED + b"0\r\n"
        for _ in range(60 * MEBIBYTE // len(TRAILER)):
            yield TRAILER

    with server.watching() as watched:
        await exchange(server.port, pieces(), most_s=20)
    return Figure("60 MB of trailers, memory", watched.rise_mib, "MiB", 8)


async def _pipelined(server: Target) -> list[Figure]:
    def pieces() -> Iterator[bytes]:
        yield SMALL * (2 * MEBIBYTE // len(SMALL))

    async def never_reads() -> None:
        await exchange(server.port, pieces(), most_s=5, reads=False)

    with server.watching() as watched:
        await exchange(server.port, pieces(), most_s=10)
    with server.watching() as unread:
        await never_reads()
    return [
        Figure("2 MB of pipelined requests, memory", watched.rise_mib, "MiB", 8),
        Figure("the same, answers not read, memory", unread.rise_mib, "MiB", 8),
    ]


async def _heads(server: Target) -> list[Figure]:
    large = b"GET /api/health HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 100_000 + b"\r\n\r\n"
    alone = await exchange(server.port, [large], most_s=20)
    behind = await exchange(server.port, [SMALL + large], most_s=20)
    return [
        Figure("a head of 100 KB, status", alone.status, "", 431, 431),
        Figure("a head of 100 KB behind a small one, answered with 200", behind.response.count(b" 200 OK"), "times", 1),
    ]


async def _refused(server: Target) -> list[Figure]:
    org = await server.organization()
    read = 0
    asked = (
        ("413", org.key, b"application/json"),
        ("401", "none", b"application/json"),
        ("415", org.key, b"text/plain"),
    )
    with server.watching() as watched:
        for _, key, media in asked:
            for framing in (b"content-length: %d\r\n" % BODY, b"transfer-encoding: chunked\r\n"):
                head = b"POST /api/v1/clients HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: " + media
                head += b"\r\nauthorization: Bearer " + key.encode() + b"\r\n" + framing + b"\r\n"
                body = b" " * BODY
                if framing.startswith(b"t"):
                    body = b"%x\r\n%s\r\n0\r\n\r\n" % (BODY, body)
                read += await asyncio.to_thread(_sends_then_reads, server.port, head + body)
    return [
        Figure("10 MB refused (413, 401, 415; length and chunks), answers that were read", read, "of 6", None, 6),
        Figure("10 MB refused, memory", watched.rise_mib, "MiB", 8),
    ]


def _sends_then_reads(port: int, request: bytes) -> int:
    """1 where a client that reads only once it has sent everything gets an answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            connection.sendall(request)
            return int(connection.recv(65_536).startswith(b"HTTP/1.1 4"))
        except ConnectionError:
            return 0


async def _lives(server: Target) -> list[Figure]:
    """How long connections live that a client does not let end."""
    unread = b"POST /api/v1/clients HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n"
    attacks: dict[str, tuple[bytes, bytes, bool]] = {
        "silent": (b"", b"", True),
        "a head that drips": (b"GET / HTTP/1.1\r\nhost: x\r\nx-a: ", b"a", True),
        "a body that drips, refused": (unread, b"x", True),
        "trailers that drip": (CHUNKED + b"0\r\n", b"x-a: b\r\n", True),
        "empty lines after an answer": (SMALL, b"\r\n", True),
        "answers that are not read": (b"GET /api/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n" * 500, b"", False),
    }

    async def lived(first: bytes, drip: bytes, reads: bool) -> float:
        def pieces() -> Iterator[bytes]:
            yield first
            while drip:
                yield drip

        made = await exchange(server.port, pieces(), pause=0.2, most_s=MAX_S, reads=reads)
        return made.seconds

    found = await asyncio.gather(*(lived(*attack) for attack in attacks.values()))
    return [
        Figure(f"life of a connection: {name}", seconds, "s", LIFE_S)
        for name, seconds in zip(attacks, found, strict=True)
    ]
