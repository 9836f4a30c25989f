"""Who asks, whether the server is well, and objects by their id alone."""

from datetime import datetime
from typing import Any

import strawberry

from execution import Args
from models.actors import NOT_FOR_TOKENS, ActorKind
from models.organizations import ORGANIZATION
from models.organizations import Organization as Table
from models.typeid import encode
from resolvers import organizations
from resolvers.collections import nodes
from resolvers.context import Context
from resolvers.loads import BatchResolver
from schema.declaration.fields import Info, argument, batched, computed, object_type
from schema.declaration.nodes import Node
from schema.declaration.scalars import Currency, Timezone


@object_type(Table, description="An organization: the owner of all data that its API keys reach.")
class Organization:
    """A service business."""

    id: strawberry.ID = computed(
        lambda row: encode(ORGANIZATION.prefix, row["org_id"]), "org_id", description="Unique identifier of the object."
    )
    name: str
    slug: str
    default_currency: Currency
    timezone: Timezone
    version: int
    updated_at: datetime


@object_type(description="The API key of the request, or the one that created its access token.")
class ViewerKey:
    """The key that asks."""

    id: strawberry.ID = strawberry.field(
        description="Unique identifier of the key. An access token may not ask for it.",
        metadata={"reserved": (NOT_FOR_TOKENS,)},
    )
    name: str = strawberry.field(
        description="Name of the key, or of the member or client that the access token is for."
    )
    scopes: list[str] = strawberry.field(description="Scopes of the key, or of the access token.")


def _key(info: Info) -> Any:
    actor = info.context.actor
    return ViewerKey(id=strawberry.ID(actor.id), name=actor.name, scopes=sorted(actor.scopes))


def _subject(kind: ActorKind) -> BatchResolver:
    # No resolver of its own: each field of that name, such as an order's `clientId`, would be resolved by itself.
    async def load(ctx: Context, parents: list[Any], _args: Args) -> list[str | None]:
        return [ctx.actor.id if ctx.actor.kind is kind else None] * len(parents)

    return load


def _known_scopes(info: Info) -> Any:
    # The graph is made of this type too: what its fields need is known once it is whole.
    return info._raw_info.schema.extensions["scopes"]


@object_type(
    description="The caller: its organization, its API key, and the member or client that its access token is for."
)
class Viewer:
    """Who asks."""

    organization: Organization = batched(organizations.viewer, description="The organization that the key belongs to.")

    key: ViewerKey = strawberry.field(resolver=_key, description="The API key.", metadata={"needs": ()})
    member_id: strawberry.ID | None = batched(
        _subject(ActorKind.MEMBER),
        description="ID of the member that the access token is for. Null without one, or for a client.",
    )
    client_id: strawberry.ID | None = batched(
        _subject(ActorKind.CLIENT),
        description="ID of the client that the access token is for. Null without one, or for a member.",
    )
    known_scopes: list[str] = strawberry.field(
        resolver=_known_scopes, description="All scopes that a key can have.", metadata={"needs": ()}
    )


def _viewer() -> Any:
    return {}


def _health() -> Any:
    return {"status": "ok"}


@object_type(description="State of the server.")
class Health:
    """Whether the server is well."""

    status: str = strawberry.field(description="`ok` while the server is running.")


@strawberry.type
class ViewerQuery:
    """What belongs to no domain."""

    node: Node | None = batched(
        nodes.one,
        description="Look up an object by ID, of any type that is a `Node`. Null when it does not exist.",
        arguments=lambda: [argument("id", strawberry.ID, "ID of the object.")],
        cost=1,
    )
    nodes: list[Node | None] | None = batched(
        nodes.many,
        description="Look up objects by their IDs, at most 100, of any types that are a `Node`."
        " Null in place of each that does not exist.",
        arguments=lambda: [argument("ids", list[strawberry.ID], "IDs of the objects.")],
        cost=1,
    )

    viewer: Viewer | None = strawberry.field(resolver=_viewer, description="The caller.", metadata={"needs": ()})
    health: Health | None = strawberry.field(
        resolver=_health,
        description="State of the server. Needs no API key.",
        metadata={"needs": (), "public": True},
    )
