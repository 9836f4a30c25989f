"""API keys in the graph."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from annotated_types import Ge, Le
from sqlmodel import SQLModel

from execution import ColumnReader
from models.actors import KEYS_ONLY
from models.api_keys import API_KEY, ApiKeyStatus, Scopes, status_of
from models.api_keys import ApiKey as Table
from models.typeid import encode
from resolvers.api_keys import access_tokens, mutations, token_creation
from resolvers.api_keys.collections import API_KEYS
from resolvers.api_keys.verification import PREFIX
from resolvers.context import now
from schema.declaration.collections import many, one, to_one
from schema.declaration.fields import computed, creation, object_type, public_id, related_id
from schema.declaration.inputs import UpdateInput, input_type
from schema.declaration.lists import Connection
from schema.declaration.mutations import MutationRules, acts_on, creates, deletes, field_of, payload_of, updates
from schema.declaration.nodes import Node

_NO_STRONGER = "The API key that does it needs all scopes of the other"
_NONE = "Null when none did, or it was deleted."
_RAW_KEY = "The key itself, `sk_live_…`. It is shown only once: in a replayed response it is null."


_LISTED = ", ".join(f"`{scope}`" for scope in sorted(access_tokens.CLIENT_SCOPES))


def _beginning(key: UUID) -> str:
    return PREFIX + encode("", key)[1:]


def _status(row: Any) -> str:
    return status_of(row, now()).value


@object_type(Table, API_KEY)
class ApiKey(Node):
    """An API key, with which a server authenticates. The key itself is shown only when it is created or rotated."""

    id: strawberry.ID = public_id(API_KEY)
    name: str
    prefix: str = computed(
        lambda row: _beginning(row["id"]),
        description="The beginning of the key, which is not secret: `sk_live_` and 26 characters.",
        reader=ColumnReader("id", convert=_beginning),
    )
    last_four: str
    scopes: list[str]
    status: ApiKeyStatus = computed(
        lambda row: status_of(row, now()),
        description="Whether the key works at the time of the response.",
        reader=ColumnReader(convert=_status, needs=("revoked_at", "expires_at")),
    )
    expires_at: datetime | None
    previous_until: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    trusted_documents_only: bool
    created_by: str
    created_by_key_id: strawberry.ID | None = related_id(
        API_KEY, "created_by_key", f"ID of the API key that created it. {_NONE}", null=True
    )
    created_by_key: "ApiKey | None" = to_one(
        API_KEYS, "created_by_key", f"The API key that created it. {_NONE}", null=True
    )
    created_at: datetime = creation()
    updated_at: datetime
    version: int


@input_type(Table)
class CreateApiKeyInput:
    """Fields of the new API key."""

    name: str
    scopes: list[str] = strawberry.field(
        description="The key's scopes, at least one. The API key that creates it needs each of them itself."
    )
    expires_at: strawberry.Maybe[datetime] = strawberry.field(
        description="Time at which the key expires and is no longer accepted. Defaults to the time at which"
        " the API key that creates it expires, and must not be after it."
    )
    trusted_documents_only: strawberry.Maybe[bool] = strawberry.field(
        description="Whether the key runs nothing but trusted documents, by their IDs. Defaults to what the API key"
        " that creates it has; one that is held to them itself creates no other."
    )


class _Rotated(SQLModel):
    overlap: Annotated[int, Ge(0), Le(mutations.LONGEST_OVERLAP)]


@input_type(bounds=_Rotated)
class RotateApiKeyInput(UpdateInput):
    """The API key to rotate."""

    overlap: strawberry.Maybe[int] = strawberry.field(
        description=f"Seconds for which the old secret still works: 0 to {mutations.LONGEST_OVERLAP:,}. Defaults to"
        f" {mutations.OVERLAP:,}, one day."
    )


@input_type()
class RevokeApiKeyInput(UpdateInput):
    """The API key to revoke."""


class _AccessToken(SQLModel):
    scopes: Scopes
    expires_in: Annotated[int, Ge(1), Le(access_tokens.LONGEST)]


@input_type(bounds=_AccessToken)
class CreateAccessTokenInput:
    """The member or the client that the access token is for, and its scopes."""

    member_id: strawberry.Maybe[strawberry.ID] = strawberry.field(
        description="ID of the member, who is not `SUSPENDED`. The token of a `STAFF` member has no scope of"
        " `api_keys`, `settings`, `webhooks` or `audit`, and not `members:write`."
    )
    client_id: strawberry.Maybe[strawberry.ID] = strawberry.field(
        description="ID of the client, who is not `ARCHIVED`. Its token sees what is the client's, and `ACTIVE`"
        f" services; it has no other scopes than {_LISTED}."
    )
    scopes: list[str] = strawberry.field(
        description="The token's scopes, at least one. The API key that creates it needs each of them itself."
    )
    expires_in: strawberry.Maybe[int] = strawberry.field(
        description="Seconds for which the token works, and on to the next whole second: 1 to"
        f" {access_tokens.LONGEST:,}. Defaults to {access_tokens.USUAL:,}. It ends before with the API key that creates"
        " it, and when the member is suspended or the client archived: within 5 seconds."
    )


CreateAccessTokenPayload: Any = payload_of(
    "CreateAccessToken",
    access_token=(str | None, "The token. It is shown only once: in a replayed response it is null."),
    expires_at=(datetime, "Time at which the token expires and is no longer accepted."),
)


@strawberry.type
class ApiKeyQuery:
    """Queries of API keys."""

    api_key: ApiKey | None = one(API_KEYS)
    api_keys: Connection[ApiKey] | None = many(API_KEYS)


@strawberry.type
class ApiKeyMutation:
    """Mutations of API keys."""

    create_api_key = creates(
        ApiKey,
        CreateApiKeyInput,
        mutations.create,
        "Create an API key. It can have only scopes that the API key creating it has, and must not expire after it. The"
        " key itself is shown only in this response.",
        check=mutations.check,
        reserved=KEYS_ONLY,
        raw_key=(str | None, _RAW_KEY),
    )
    rotate_api_key = updates(
        ApiKey,
        RotateApiKeyInput,
        mutations.rotate,
        "Give an API key a new secret. The old one works for some time beside it; see `overlap` and `previousUntil`. A"
        " further rotation within this time replaces the new secret at once; the old one keeps its time, unless that"
        f" of the further one ends before. {_NO_STRONGER}, and must not expire before it.",
        reserved=KEYS_ONLY,
        raw_key=(str | None, _RAW_KEY),
    )
    revoke_api_key = acts_on(
        ApiKey,
        RevokeApiKeyInput,
        mutations.revoke,
        "Revoke an API key: within 5 seconds it works nowhere any more. The API keys that it created are revoked with"
        " it, and those that they created; the webhook endpoints that any of them created are disabled."
        f" {_NO_STRONGER}.",
        returns="The revoked API key.",
        disabled_webhook_ids=(list[strawberry.ID], "IDs of the webhook endpoints that were disabled."),
        also_revoked=(int, "Number of other API keys that were revoked with it."),
    )
    delete_api_key = deletes(
        ApiKey,
        mutations.remove,
        "Delete a revoked API key. What it created keeps the name of its creator, but not the link to it."
        f" {_NO_STRONGER}.",
    )
    create_access_token = field_of(
        API_KEY,
        "Create an access token, which a browser may hold for a member or a client. It is sent as an API key is, and"
        " creates neither keys nor tokens. Takes an API key.",
        CreateAccessTokenInput,
        CreateAccessTokenPayload,
        token_creation.create,
        MutationRules(token_creation.check, reserved=KEYS_ONLY),
    )
