"""Members in the graph."""

from datetime import datetime

import strawberry

from models.members import MEMBER, MemberRole, MemberStatus
from models.members import Member as Table
from resolvers import members
from resolvers.members import MEMBERS
from schema.declaration.collections import many, one
from schema.declaration.fields import creation, object_type, public_id
from schema.declaration.inputs import UpdateInput, input_type
from schema.declaration.lists import Connection
from schema.declaration.mutations import creates, updates
from schema.declaration.nodes import Node
from schema.declaration.scalars import Timezone


@object_type(Table, MEMBER)
class Member(Node):
    """A member: a person on the organization's staff."""

    id: strawberry.ID = public_id(MEMBER)
    name: str
    email: str
    role: MemberRole
    status: MemberStatus
    timezone: Timezone
    created_at: datetime = creation()
    updated_at: datetime
    version: int


@input_type(Table)
class CreateMemberInput:
    """Fields of the new member."""

    name: str
    email: str
    role: strawberry.Maybe[MemberRole]
    status: strawberry.Maybe[MemberStatus]
    timezone: strawberry.Maybe[Timezone] = strawberry.field(
        description="Time zone of the member: a name of the IANA database. Defaults to the organization's time zone."
    )


@input_type(Table, clears=True)
class UpdateMemberInput(UpdateInput):
    """Fields of the member to change."""

    name: strawberry.Maybe[str]
    email: strawberry.Maybe[str]
    role: strawberry.Maybe[MemberRole]
    status: strawberry.Maybe[MemberStatus]
    timezone: strawberry.Maybe[Timezone]


@strawberry.type
class MemberQuery:
    """Queries of members."""

    member: Member | None = one(MEMBERS)
    members: Connection[Member] | None = many(MEMBERS)


@strawberry.type
class MemberMutation:
    """Mutations of members."""

    create_member = creates(Member, CreateMemberInput, members.create, "Create a member.")
    update_member = updates(
        Member,
        UpdateMemberInput,
        members.change,
        "Update a member. The last active owner can be neither suspended nor given another role.",
    )
