"""The secrets of API keys: made, verified, cached for five seconds."""

import asyncio
import contextvars
import hashlib
import hmac
import secrets
import time
import zlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog

from models.actors import ActorKind
from models.api_keys import API_KEY, api_keys
from models.organizations import directory
from models.typeid import ALPHABET, decode_suffix, encode
from resolvers.actor import Actor
from resolvers.api_keys import access_tokens, rights
from resolvers.api_keys.access_tokens import refusal_of
from resolvers.api_keys.verdicts import Verdict
from resolvers.context import now
from resolvers.database.connection_errors import CONNECTION_ERRORS
from resolvers.database.runtime import Runtime
from resolvers.database.sql import owned, statement
from resolvers.errors import Refusal
from resolvers.keyring import Keyring

PREFIX = "sk_live_"
# So that whoever looks four times a second, as live streams do, learns of a revocation within five.
CACHED_SECONDS = 4.5
CACHED_KEYS = 10_000
# Reading two rows takes a millisecond: a database that has not answered by then does not answer.
LOOK_UP_S = 2.0
_ID, _SECRET, _SUM = 26, 52, 7
# Between the three parts of a token.
DOTS = 2
# Looks a credential up.
LookUp = Callable[[], Coroutine[Any, Any, Verdict]]

log = structlog.get_logger(__name__)


def _digits(number: int, length: int) -> str:
    return "".join(ALPHABET[(number >> (5 * place)) & 31] for place in reversed(range(length)))


def _checksum(text: str) -> str:
    return _digits(zlib.crc32(text.encode()), _SUM)


def new_key(key_id: UUID) -> str:
    """Return a raw key: ``sk_live_``, the key's id, 256 random bits and a checksum."""
    body = PREFIX + encode("", key_id)[1:] + _digits(secrets.randbits(256), _SECRET)
    return body + _checksum(body)


def key_id_of(raw: str) -> UUID | None:
    """Return the id in a raw key; None for what is no key, which never reaches the database."""
    if len(raw) != len(PREFIX) + _ID + _SECRET + _SUM or not raw.startswith(PREFIX) or not raw.isascii():
        return None
    body, checksum = raw[:-_SUM], raw[-_SUM:]
    if not hmac.compare_digest(_checksum(body), checksum):
        return None
    return decode_suffix(body[len(PREFIX) : len(PREFIX) + _ID])


def digest_of(raw: str, pepper: bytes) -> bytes:
    """Return what is kept of a key."""
    return hmac.digest(pepper, raw.encode(), "sha256")


@statement
def _where() -> sa.Select[Any]:
    by_key = (directory.c.resource == API_KEY.prefix, directory.c.key == sa.bindparam("key", type_=sa.Text))
    return sa.select(directory.c.org_id).where(*by_key)


@statement
def _stored_digests() -> sa.Select[Any]:
    digests = [f"{before}{name}" for before in ("", "previous_") for name in ("digest", "pepper_version")]
    names = [
        "id",
        "name",
        "scopes",
        "expires_at",
        "mac",
        "revoked_at",
        "previous_until",
        "trusted_documents_only",
        *digests,
    ]
    return owned(api_keys, *[api_keys.c[name] for name in names]).where(
        api_keys.c.id == sa.bindparam("id", type_=sa.Uuid)
    )


@statement
def _used() -> sa.Update:
    mine = (
        api_keys.c.org_id == sa.bindparam("org_id", type_=sa.Uuid),
        api_keys.c.id == sa.bindparam("id", type_=sa.Uuid),
    )
    return api_keys.update().where(*mine).values(last_used_at=sa.bindparam("moment", type_=api_keys.c.updated_at.type))


@dataclass(slots=True)
class KeyVerifier:
    """A process's verified keys and access tokens. A verdict lives five seconds from the start of its look-up, also a
    refusal.

    The two are kept apart: keys that do not work push out none that works.
    """

    runtime: Runtime
    cache: dict[bytes, Verdict] = field(default_factory=dict)
    refused: dict[bytes, Verdict] = field(default_factory=dict)
    used: dict[UUID, UUID] = field(default_factory=dict)
    looking: dict[bytes, asyncio.Task[Verdict]] = field(default_factory=dict)

    async def actor_of(self, raw: str, may_look: Callable[[], bool] = lambda: True) -> Actor | None:
        """Return who a raw key or access token is; None for a key that is malformed, unknown, revoked or expired.

        ``may_look`` is asked before the look-up of a key that has not worked here. A key is looked up once for all who
        ask for it meanwhile. Raises Refusal UNAVAILABLE when the database is away, or does not answer, and
        UNAUTHENTICATED, with the reason, for a token that does not work.
        """
        name = hashlib.sha256(raw.encode()).digest()
        verdict = self.cache.get(name) or self.refused.get(name)
        started = time.monotonic()
        if verdict is None or verdict.until <= started:
            looking = self.looking.get(name)
            if looking is None:
                look_up = self._look_up_of(raw, started + CACHED_SECONDS)
                # Nobody guesses the signature of a token.
                if look_up is None or (raw.startswith(PREFIX) and name not in self.cache and not may_look()):
                    return None
                looking = self._begin(name, self._verdict(look_up))
            # Whoever is cancelled while waiting leaves the look-up to the others.
            verdict = await asyncio.shield(looking)
        actor = verdict.actor
        if verdict.reason is not None:
            raise refusal_of(verdict.reason)
        if actor is None or (verdict.expires_at is not None and verdict.expires_at <= datetime.now(UTC)):
            if actor is not None and actor.subject is not None:
                raise refusal_of("TOKEN_EXPIRED")
            return None
        assert actor.key_id is not None, "a key's actor has its id"
        self.used[actor.key_id] = actor.org_id
        return actor

    def _begin(self, name: bytes, verdict: Coroutine[Any, Any, Verdict]) -> asyncio.Task[Verdict]:
        """Start a look-up whose verdict is kept, whether or not somebody still waits for it."""
        # In a context of its own: it is nobody's request.
        looking = self.looking[name] = asyncio.create_task(verdict, context=contextvars.Context())

        def ended(task: asyncio.Task[Verdict]) -> None:
            del self.looking[name]
            if not task.cancelled() and task.exception() is None:
                self._keep(name, task.result())

        looking.add_done_callback(ended)
        return looking

    def _keep(self, name: bytes, verdict: Verdict) -> None:
        works = verdict.actor is not None
        cache, other = (self.cache, self.refused) if works else (self.refused, self.cache)
        other.pop(name, None)
        cache.pop(name, None)
        if len(cache) >= CACHED_KEYS:
            del cache[next(iter(cache))]
        cache[name] = verdict

    def _look_up_of(self, raw: str, until: float) -> LookUp | None:
        """Return what looks a raw key or token up; None for what is neither. Raises Refusal UNAUTHENTICATED for a token
        that is altered, or has expired."""
        key_id = key_id_of(raw)
        if key_id is not None:
            return partial(self._look_up, raw, key_id, until)
        if raw.count(".") != DOTS or raw.startswith(PREFIX):
            return None
        return partial(access_tokens.look_up, self.runtime, access_tokens.read(self.runtime.peppers, raw), until)

    async def _verdict(self, look_up: LookUp) -> Verdict:
        """Look a key up, and once more on another connection when the first one died: reading twice does no harm."""
        try:
            async with asyncio.timeout(LOOK_UP_S):
                try:
                    return await look_up()
                except CONNECTION_ERRORS:
                    return await look_up()
        except CONNECTION_ERRORS as error:
            raise self.runtime.unavailable(error) from error

    async def _look_up(self, raw: str, key_id: UUID, until: float) -> Verdict:
        runtime = self.runtime
        sql = _where()
        async with runtime.connection() as connection:
            org_id = await connection.fetchval(sql.text, *sql.arguments({"key": str(key_id)}))
            if org_id is None:
                return Verdict(until, None, None)
            await connection.execute(f"begin read only;{runtime.tenant(org_id)}")
            select = _stored_digests()
            row = await connection.fetchrow(select.text, *select.arguments({"org_id": org_id, "id": key_id}))
            await connection.execute("commit")
        found = None if row is None or row["revoked_at"] is not None else _secret_of(raw, row, runtime.peppers)
        if row is None or found is None:
            return Verdict(until, None, None)
        if not rights.are_bound(runtime.peppers, org_id, row):
            log.warning("key.not_bound", org=str(org_id), key=encode(API_KEY.prefix, key_id))
            return Verdict(until, None, None)
        digest, overlaps_until = found
        public_id = encode(API_KEY.prefix, key_id)
        actor = Actor(
            ActorKind.KEY, public_id, row["name"], frozenset(row["scopes"]), org_id, key_id, digest,
            row["trusted_documents_only"],
        )  # fmt: skip
        ends = [moment for moment in (row["expires_at"], overlaps_until) if moment is not None]
        return Verdict(until, actor, min(ends, default=None))

    async def note_uses(self) -> None:
        """Write lastUsedAt of every key used since the last call, in one transaction for each organization's key."""
        used, self.used = self.used, {}
        sql = _used()
        try:
            for key_id, org_id in used.items():
                values: Mapping[str, Any] = {"org_id": org_id, "id": key_id, "moment": now()}
                async with self.runtime.bound(org_id) as connection:
                    await connection.execute(sql.text, *sql.arguments(values))
        except Refusal:
            # They are written with the next ones.
            self.used = used | self.used
            raise


def _secret_of(raw: str, row: Mapping[str, Any], peppers: Keyring) -> tuple[bytes, datetime | None] | None:
    """Return the digest of a raw key that is a key's own, or that it had before its rotation until a moment."""
    for before, until in (("", None), ("previous_", row["previous_until"])):
        digest, pepper = row[f"{before}digest"], peppers.keys.get(row[f"{before}pepper_version"])
        if digest is not None and pepper is not None and hmac.compare_digest(digest_of(raw, pepper), digest):
            return digest, until
    return None
