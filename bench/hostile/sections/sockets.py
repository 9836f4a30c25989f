"""What messages of WebSockets take that begin no operation: frames, and long messages, with a key and without one."""

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from bench.hostile.figures import Figure
from bench.hostile.target import Target

SECTION = "WebSockets"
SETTINGS = {"RATE_BUCKET": "2000", "RATE_REFILL": "1", "COST_LIMIT": "1000"}
CONNECTIONS = 8
# What a client can have read of it before it has shown a key, or with one of which the budget is spent.
MOST_MS = 20.0
PINGS = 400
LISTS = orjson.dumps({"type": "ping", "payload": [[]] * 84_000}).decode()
PING = '{"type":"ping"}'


async def measure(server: Target) -> list[Figure]:
    """A few connections, one after another: what each takes of the server's CPU until it ends, or all is read."""
    org = await server.organization()
    found: list[Figure] = []
    for name, text, key in (
        ("252 KB of lists without a key", LISTS, None),
        (f"{PINGS} pings without a key", PING, None),
        ("252 KB of lists with a key, whose budget it spends", LISTS, org.key),
    ):
        with server.watching() as watched:
            for _ in range(CONNECTIONS):
                await _say(server.port, key, text)
        found.append(Figure(f"{name}, CPU for a connection", watched.cpu_s * 1000 / CONNECTIONS, "ms", MOST_MS))
    return found


async def _say(port: int, key: str | None, text: str) -> None:
    """Say the same until the server ends the connection, or a few hundred times."""
    url, protocol = f"ws://127.0.0.1:{port}/graphql", Subprotocol("graphql-transport-ws")
    async with connect(url, subprotocols=[protocol]) as connection:
        try:
            if key is not None:
                await connection.send(orjson.dumps(_init(key)).decode())
                await connection.recv()
            await _repeat(connection, text)
        except ConnectionClosed:
            return


def _init(key: str) -> dict[str, object]:
    return {"type": "connection_init", "payload": {"Authorization": f"Bearer {key}"}}


async def _repeat(connection: ClientConnection, text: str) -> None:
    for _ in range(PINGS):
        await connection.send(text)
        await connection.recv()
