"""Large and slow heads."""

from bench.hostile.figures import Figure
from bench.hostile.target import Target
from bench.hostile.wire import sent, status

SECTION = "Heads"


async def measure(server: Target) -> list[Figure]:
    """A head of 100 KB."""
    with server.watching() as watched:
        answer = await sent(server.port, [b"GET / HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 100_000 + b"\r\n\r\n"])
    return [
        Figure("status of a head of 100 KB", status(answer), "", 431, 431),
        Figure("memory of a head of 100 KB", watched.rise_mib, "MiB", 5),
    ]
