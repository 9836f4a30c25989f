"""Members: what they can be filtered and sorted by, and how they change."""

from typing import Any

import sqlalchemy as sa

from models.members import MEMBER, Member, MemberRole, MemberStatus, members
from resolvers import organizations
from resolvers.changes.edits import InputValues, begin_edit, insert, new_row
from resolvers.collections.collection import COMMON_SORT_FIELDS, Collection, SortField, common_filters
from resolvers.collections.rows import Key
from resolvers.context import Context, Row
from resolvers.database.sql import owned, statement
from resolvers.errors import EMAIL_TAKEN, Conflict
from resolvers.lists.conditions import enum, text

MEMBERS = Collection(
    MEMBER,
    members,
    searched=("name", "email"),
    sort_fields=COMMON_SORT_FIELDS | {"NAME": SortField("name_key", str, "Name, without regard to case.")},
    filters={
        **common_filters(MEMBER),
        "role": enum("role", MemberRole),
        "status": enum("status", MemberStatus),
        "name": text("name_key", "name"),
        "email": text("email_key", "email address"),
    },
    unique_conflicts={"members_email_key": ("email", EMAIL_TAKEN)},
)
LAST_OWNER = Conflict(
    "LAST_OWNER", "The last active owner can be neither suspended nor given another role: make another one first."
)
_ACTIVE_OWNER = {"role": MemberRole.OWNER.value, "status": MemberStatus.ACTIVE.value}


@statement
def _active_owners() -> sa.Select[Any]:
    these = [members.c[name] == value for name, value in _ACTIVE_OWNER.items()]
    return owned(members, members.c.id).where(*these).order_by(members.c.id).with_for_update(key_share=True)


async def create(ctx: Context, values: InputValues) -> Row:
    """Create a member, in the organization's time zone where none is given. Raises Refusal CONFLICT (EMAIL_TAKEN)."""
    row = new_row(Member, values)
    if "timezone" not in row:
        row["timezone"] = await organizations.value_of(ctx, "timezone")
    return await insert(ctx, MEMBERS, row)


async def change(ctx: Context, key: Key, values: InputValues) -> Row:
    """Change a member. Raises Refusal NOT_FOUND, VERSION_MISMATCH or CONFLICT (EMAIL_TAKEN, LAST_OWNER)."""
    ending = [name for name, value in _ACTIVE_OWNER.items() if values.get(name, value) != value]
    # Locked before the member, in one order: whoever ends another owner meanwhile waits here, and none for each other.
    owners = await ctx.fetch(_active_owners()) if ending else []
    edit = await begin_edit(ctx, MEMBERS, key)
    if [row["id"] for row in owners] == [edit.old["id"]]:
        raise LAST_OWNER.refusal(ending[0])
    edit.set(values)
    return await edit.save()
