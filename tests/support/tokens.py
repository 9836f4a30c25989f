"""What tests of access tokens need: tokens that a key hands out, and the organization with one."""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from models.members import MEMBER
from models.typeid import encode
from resolvers.api_keys.access_tokens import CLIENT_SCOPES, Claims, signed
from tests.support.api import Org

CREATE = """mutation($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { accessToken expiresAt } }"""
WHO = "{ viewer { memberId clientId key { name scopes } } }"
SCOPES = sorted(CLIENT_SCOPES)


async def new_token(org: Org, **given: Any) -> str:
    """A raw token that an organization's key makes."""
    asked = {"scopes": SCOPES if "clientId" in given else ["*"]} | given
    found: str = (await org.data(CREATE, input=asked))["createAccessToken"]["accessToken"]
    return found


async def as_client(org: Org, client_id: str, *scopes: str) -> Org:
    """The organization with a client's token."""
    return org.holding(await new_token(org, clientId=client_id, scopes=list(scopes) or SCOPES))


async def as_member(org: Org, member_id: str, *scopes: str) -> Org:
    """The organization with a member's token."""
    return org.holding(await new_token(org, memberId=member_id, scopes=list(scopes) or ["*"]))


async def new_member(org: Org, role: str) -> str:
    """The id of a new member."""
    text = "mutation($input: CreateMemberInput!) { createMember(input: $input) { member { id } } }"
    given = {"name": role.title(), "email": f"{role.lower()}@example.com", "role": role}
    found: str = (await org.data(text, input=given))["createMember"]["member"]["id"]
    return found


def sections_of(token: str) -> list[Any]:
    """The head and the claims of a token."""
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]


def forged(part: int, token: str, **given: Any) -> str:
    """A token with another head (0) or other claims (1), and the signature that it had."""
    said = token.split(".")
    raw = json.dumps(sections_of(token)[part] | given).encode()
    said[part] = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return ".".join(said)


def token_of(org: Org, key_id: UUID, subject: str, expires_at: datetime | None = None) -> str:
    """A token as the server signs it, for whatever there may be."""
    ends = expires_at or datetime(2099, 1, 1, tzinfo=UTC)
    return signed(org.runtime.peppers, Claims(subject, org.id, key_id, CLIENT_SCOPES, ends))


def member_id(key: UUID) -> str:
    """The id of a member."""
    return encode(MEMBER.prefix, key)
