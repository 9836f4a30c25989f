"""Who a request is from, for the yardsticks: the product's scheme, with the hot path written by hand."""

import asyncio
import hashlib
import time
from uuid import UUID

from resolvers.actor import Actor
from resolvers.api_keys.verification import CACHED_SECONDS, KeyVerifier
from resolvers.database.runtime import Runtime


class Access:
    """Verified keys by their SHA-256, each for five seconds from the start of its look-up."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        # A stock server's loop is held up for longer than a request may wait for a connection.
        runtime.pool_wait = 30.0
        self.known: dict[bytes, tuple[float, Actor]] = {}
        self.turn = asyncio.Lock()

    async def actor_of(self, authorization: str | None) -> Actor | None:
        """The actor of an Authorization header; None for one without a key that works."""
        if authorization is None or not authorization.startswith("Bearer "):
            return None
        raw = authorization[7:]
        name = hashlib.sha256(raw.encode()).digest()
        return self._known(name) or await self._look_up(raw, name)

    def _known(self, name: bytes) -> Actor | None:
        found = self.known.get(name)
        return found[1] if found is not None and found[0] > time.monotonic() else None

    async def _look_up(self, raw: str, name: bytes) -> Actor | None:
        """One look-up at a time: those who wait for it find it done."""
        async with self.turn:
            if (actor := self._known(name)) is not None:
                return actor
            until = time.monotonic() + CACHED_SECONDS
            # A cache of its own each time, so that no verdict lives twice as long.
            actor = await KeyVerifier(self.runtime).actor_of(raw)
            if actor is not None:
                self.known[name] = (until, actor)
            return actor


def tenant(runtime: Runtime, org_id: UUID) -> str:
    """The statement that binds a transaction to an organization and gives it its deadline."""
    return (
        f"select set_config('app.org_id','{org_id}',true),"
        f"set_config('statement_timeout','{runtime.statement_timeout_ms}',true)"
    )
