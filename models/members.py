"""Members: the organization's staff."""

import sqlalchemy as sa

from models.base import Versioned, column, key_column, one_of, table_args, table_of
from models.enums import DescribedEnum
from models.resources import Resource
from models.types import Email, Name, Timezone

MEMBER = Resource("member", actions=("create_token",))


class MemberRole(DescribedEnum):
    """Role of a member."""

    OWNER = "OWNER", "An owner. The last active owner keeps this role."
    ADMIN = "ADMIN", "An administrator."
    STAFF = "STAFF", "A member of staff."


class MemberStatus(DescribedEnum):
    """Status of a member."""

    ACTIVE = "ACTIVE", "Works for the organization."
    SUSPENDED = "SUSPENDED", "Suspended: kept for its history. The last active owner cannot be suspended."


class Member(Versioned, table=True):
    """A member of the organization's staff. None is ever deleted: history refers to it."""

    __tablename__ = "members"
    __table_args__ = table_args(
        one_of("role", MemberRole),
        one_of("status", MemberStatus),
        sa.UniqueConstraint("org_id", "email_key", name="members_email_key"),
        sa.Index("members_role_idx", "org_id", "role", "id"),
        sa.Index("members_status_idx", "org_id", "status", "id"),
        sa.Index("members_name_idx", "org_id", "name_key", "id"),
        sa.Index("members_updated_idx", "org_id", "updated_at", "id"),
        grants="SELECT, INSERT, UPDATE",
    )

    name: Name = column(sa.Text, description="Name of the member.")
    name_key: str = key_column("name")
    email: Email = column(
        sa.Text, description="Email address of the member. Unique among the organization's members; case is ignored."
    )
    email_key: str = key_column("email")
    role: MemberRole = column(sa.Text, default=MemberRole.STAFF, description="Role of the member.")
    status: MemberStatus = column(sa.Text, default=MemberStatus.ACTIVE, description="Status of the member.")
    timezone: Timezone = column(sa.Text, description="Time zone of the member: a name of the IANA database.")


members = table_of(Member)
