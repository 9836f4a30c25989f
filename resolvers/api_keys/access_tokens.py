"""Access tokens: what a browser holds for a member or a client. Signed (JWT, RFC 9068), and kept nowhere.

One ends with its time, with the key that made it, and with whom it is for.
"""

import hmac
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt
import sqlalchemy as sa

from models.actors import ActorKind, within
from models.api_keys import API_KEY, ApiKeyStatus, api_keys, status_of
from models.clients import CLIENT, ClientStatus, clients
from models.members import MEMBER, MemberRole, MemberStatus, members
from models.organizations import ORGANIZATION
from models.resources import EVERYTHING, scopes
from models.typeid import decode, encode, prefix_of
from resolvers.actor import Actor
from resolvers.api_keys.rights import are_bound
from resolvers.api_keys.verdicts import Verdict
from resolvers.context import Row, now
from resolvers.database.runtime import Runtime
from resolvers.database.sql import owned, statement
from resolvers.errors import Refusal
from resolvers.keyring import Keyring

# How many seconds one works: at most, and where it is not said.
LONGEST, USUAL = 3_600, 900
# No token of ours has more characters.
MAX_LENGTH = 8_192
_ISSUER, _TYPE, _ALGORITHM = "counterfoil", "at+jwt", "HS256"
_CLAIMS = ["iss", "sub", "exp", "iat", "org", "key", "scope"]
# A pepper also makes digests; what it makes for one must never pass for the other.
_PURPOSE = b"access tokens"
# What a client's token may have. Rows are a matter of collections, and what is reserved of the schema.
CLIENT_SCOPES = frozenset(
    {
        "clients:read", "services:read", "orders:read", "orders:write", "messages:read", "messages:write",
        "invoices:read", "tickets:read", "tickets:write", "subscriptions:read",
    }
)  # fmt: skip
# What the token of a member of the staff, who is no administrator, never has.
_NEVER_STAFF = ("api_keys", "settings", "webhooks", "audit")


@dataclass(frozen=True, slots=True)
class SubjectType:
    """A type of object that tokens are for: its actors, the table of its rows, and the status with which tokens end."""

    actor_kind: ActorKind
    table: sa.Table
    gone: str


SUBJECT_TYPES = {
    MEMBER.prefix: SubjectType(ActorKind.MEMBER, members, MemberStatus.SUSPENDED),
    CLIENT.prefix: SubjectType(ActorKind.CLIENT, clients, ClientStatus.ARCHIVED),
}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says: whom it is for, the key that made it, the scopes that were asked for, and when it ends."""

    subject: str
    org_id: UUID
    key_id: UUID
    scopes: frozenset[str]
    expires_at: datetime


def held_by(actor_kind: ActorKind, row: Row) -> frozenset[str]:
    """Return the scopes that a token for somebody may have, whatever its key has."""
    if actor_kind is ActorKind.CLIENT:
        return CLIENT_SCOPES
    if row["role"] != MemberRole.STAFF:
        return frozenset({EVERYTHING})
    left = {scope for scope in scopes() if scope.partition(":")[0] not in _NEVER_STAFF}
    return frozenset(left - {EVERYTHING, MEMBER.write_scope})


def signed(peppers: Keyring, claims: Claims) -> str:
    """Return the token that says so. Where it ends within a second, with its key, it says the end of that second."""
    version, pepper = peppers.current
    said = {
        "iss": _ISSUER,
        "sub": claims.subject,
        "iat": int(now().timestamp()),
        "exp": math.ceil(claims.expires_at.timestamp()),
        "org": encode(ORGANIZATION.prefix, claims.org_id),
        "key": encode(API_KEY.prefix, claims.key_id),
        "scope": " ".join(sorted(claims.scopes)),
    }
    return jwt.encode(said, _secret(pepper), _ALGORITHM, headers={"typ": _TYPE, "kid": str(version)})


def _secret(pepper: bytes) -> bytes:
    return hmac.digest(pepper, _PURPOSE, "sha256")


def read(peppers: Keyring, raw: str) -> Claims:
    """Return what a token says. Raises Refusal UNAUTHENTICATED for one that we did not sign so, or that has ended."""
    if len(raw) > MAX_LENGTH:
        raise refusal_of("TOKEN_INVALID")
    try:
        head = jwt.get_unverified_header(raw)
        pepper = next((key for version, key in peppers.keys.items() if str(version) == head.get("kid")), None)
        if pepper is None or head.get("typ") != _TYPE:
            raise refusal_of("TOKEN_INVALID")
        options: Any = {"require": _CLAIMS, "verify_iat": False}
        said = jwt.decode(raw, _secret(pepper), [_ALGORITHM], options=options, issuer=_ISSUER)
    except jwt.ExpiredSignatureError:
        raise refusal_of("TOKEN_EXPIRED") from None
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        # The head is read before the signature: it may be any JSON, nested as deeply as it has room for.
        raise refusal_of("TOKEN_INVALID") from None
    org_id, key_id = decode(ORGANIZATION.prefix, said["org"]), decode(API_KEY.prefix, said["key"])
    assert org_id is not None, "what we signed names an organization"
    assert key_id is not None, "what we signed names a key"
    ends = datetime.fromtimestamp(said["exp"], UTC)
    return Claims(said["sub"], org_id, key_id, frozenset(said["scope"].split()), ends)


_WHY = {
    "TOKEN_INVALID": "The access token is not valid.",
    "TOKEN_EXPIRED": "The access token has expired: get another one.",
    "TOKEN_KEY_ENDED": "The API key that made the access token does not work any more.",
    "TOKEN_SUBJECT_ENDED": "The member or client of the access token is archived, suspended or deleted.",
}


def refusal_of(reason: str) -> Refusal:
    """Return the refusal UNAUTHENTICATED of a token, for a reason."""
    return Refusal("UNAUTHENTICATED", _WHY[reason], reason=reason)


def is_token_expired(refusal: Refusal) -> bool:
    """Return whether another token would do: whom it was for is still there."""
    return refusal.extra.get("reason") == "TOKEN_EXPIRED"


@statement
def _key() -> sa.Select[Any]:
    names = ("id", "scopes", "expires_at", "revoked_at", "pepper_version", "mac", "trusted_documents_only")
    return owned(api_keys, *[api_keys.c[name] for name in names]).where(
        api_keys.c.id == sa.bindparam("id", type_=sa.Uuid)
    )


@statement
def _subject(table: sa.Table) -> sa.Select[Any]:
    names = ("name", "status", *(["role"] if "role" in table.c else []))
    return owned(table, *[table.c[name] for name in names]).where(table.c.id == sa.bindparam("id", type_=sa.Uuid))


async def look_up(runtime: Runtime, claims: Claims, until: float) -> Verdict:
    """Return who brings a token: the states of its key and of whom it is for are looked up together."""
    prefix = prefix_of(claims.subject)
    subject, subject_id = SUBJECT_TYPES[prefix], decode(prefix, claims.subject)
    assert subject_id is not None, "what we signed names its subject"
    async with runtime.connection(first=f"begin read only;{runtime.tenant(claims.org_id)}") as connection:
        key = await _row(connection, _key(), claims.org_id, claims.key_id)
        row = await _row(connection, _subject(subject.table), claims.org_id, subject_id)
        await connection.execute("commit")
    works = key is not None and status_of(key, now()) is ApiKeyStatus.ACTIVE
    if key is None or not works or not are_bound(runtime.peppers, claims.org_id, key):
        return Verdict(until, None, None, "TOKEN_KEY_ENDED")
    if row is None or row["status"] == subject.gone:
        return Verdict(until, None, None, "TOKEN_SUBJECT_ENDED")
    held = within(within(claims.scopes, frozenset(key["scopes"])), held_by(subject.actor_kind, row))
    actor = Actor(
        subject.actor_kind, claims.subject, row["name"], held, claims.org_id, claims.key_id,
        trusted_documents_only=key["trusted_documents_only"], subject=subject_id,
        client=claims.subject if subject.actor_kind is ActorKind.CLIENT else None,
    )  # fmt: skip
    ends = [moment for moment in (claims.expires_at, key["expires_at"]) if moment is not None]
    return Verdict(until, actor, min(ends))


async def _row(connection: Any, sql: Any, org_id: UUID, key: UUID) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = await connection.fetchrow(sql.text, *sql.arguments({"org_id": org_id, "id": key}))
    return found
