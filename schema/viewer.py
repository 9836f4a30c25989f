"""Who asks, whether the server is well, and objects by their id alone."""

from datetime import datetime
from typing import Any

import strawberry

from models.organizations import PREFIX
from models.organizations import Organization as Table
from models.typeid import encode
from resolvers import nodes, organizations
from schema.fields import Info, argument, batched, computed, object_type
from schema.nodes import Node
from schema.scalars import Currency, Timezone


@object_type(Table, description="A service business.")
class Organization:
    """A service business."""

    id: strawberry.ID = computed(lambda row: encode(PREFIX, row["org_id"]), "org_id", description="Its id.")
    name: str
    slug: str
    default_currency: Currency
    timezone: Timezone
    version: int
    updated_at: datetime


@object_type(description="The key that asks.")
class ViewerKey:
    """The key that asks."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    name: str = strawberry.field(description="What it is for.")
    scopes: list[str] = strawberry.field(description="What it may do.")


def _key(info: Info) -> Any:
    actor = info.context.actor
    return ViewerKey(id=strawberry.ID(actor.id), name=actor.name, scopes=sorted(actor.scopes))


def _known_scopes(info: Info) -> Any:
    # The graph is made of this type too: what its fields need is known once it is whole.
    return info._raw_info.schema.extensions["scopes"]


@object_type(description="Who asks: the organization, the key, what the key may do.")
class Viewer:
    """Who asks."""

    organization: Organization = batched(organizations.viewer, description="The key's organization.")

    key: ViewerKey = strawberry.field(resolver=_key, description="The key.", metadata={"needs": ()})
    known_scopes: list[str] = strawberry.field(
        resolver=_known_scopes, description="Every scope that opens something.", metadata={"needs": ()}
    )


def _viewer() -> Any:
    return {}


def _health() -> Any:
    return {"status": "ok"}


@object_type(description="Whether the server is well.")
class Health:
    """Whether the server is well."""

    status: str = strawberry.field(description="ok while the process lives.")


@strawberry.type
class ViewerQuery:
    """What belongs to no domain."""

    node: Node | None = batched(
        nodes.one,
        description="The object of an id, whatever its type; null when it is missing.",
        arguments=[argument("id", strawberry.ID, "The object's id.", required=True)],
        cost=1,
    )
    nodes: list[Node | None] | None = batched(
        nodes.many,
        description="The objects of up to 100 ids, in their order; null where one is missing.",
        arguments=[argument("ids", list[strawberry.ID], "The objects' ids.", required=True)],
        cost=1,
    )

    viewer: Viewer | None = strawberry.field(resolver=_viewer, description="Who asks.", metadata={"needs": ()})
    health: Health | None = strawberry.field(
        resolver=_health,
        description="Whether the server is well; needs no key.",
        metadata={"needs": (), "public": True},
    )
