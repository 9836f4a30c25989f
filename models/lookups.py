"""Tables that make rows findable or a request repeatable: search words, tags, assignments, idempotency records."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from models.base import C_TEXT, TIMESTAMP, Owned, column, table_args, table_of
from models.types import Moment


class SearchWord(Owned, table=True):
    """A word by whose beginning a row can be found."""

    __tablename__ = "search_words"
    __table_args__ = table_args(
        sa.Index("search_words_subject_idx", "org_id", "subject_id", "word"),
        grants="SELECT, INSERT, DELETE",
    )

    resource: str = Field(sa_type=C_TEXT, primary_key=True)
    word: str = Field(sa_type=C_TEXT, primary_key=True)
    subject_id: UUID = Field(sa_type=sa.Uuid, primary_key=True)


class TagUse(Owned, table=True):
    """A tag on a row: what finds rows by their tags."""

    __tablename__ = "tag_uses"
    __table_args__ = table_args(
        sa.Index("tag_uses_subject_idx", "org_id", "subject_id", "tag"),
        grants="SELECT, INSERT, DELETE",
    )

    resource: str = Field(sa_type=C_TEXT, primary_key=True)
    tag: str = Field(sa_type=C_TEXT, primary_key=True)
    subject_id: UUID = Field(sa_type=sa.Uuid, primary_key=True)


class Assignment(Owned, table=True):
    """A member whom a row is assigned to: what finds rows by their assignees."""

    __tablename__ = "assignments"
    __table_args__ = table_args(
        sa.Index("assignments_subject_idx", "org_id", "subject_id", "assignee_id"),
        grants="SELECT, INSERT, DELETE",
    )

    resource: str = Field(sa_type=C_TEXT, primary_key=True)
    assignee_id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    subject_id: UUID = Field(sa_type=sa.Uuid, primary_key=True)


class IdempotencyRecord(Owned, table=True):
    """The result of a root field that carried an Idempotency-Key: of the API key that sent it, or of whom the access
    token was for."""

    __tablename__ = "idempotency_records"
    __table_args__ = table_args(
        sa.Index("idempotency_records_age_idx", "org_id", "created_at"),
        grants="SELECT, INSERT, DELETE",
    )

    actor_id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    key: str = Field(sa_type=C_TEXT, primary_key=True)
    root_field: str = Field(sa_type=C_TEXT, primary_key=True, sa_column_kwargs={"server_default": ""})
    position: int = Field(sa_type=sa.Integer, primary_key=True, sa_column_kwargs={"autoincrement": False})
    fingerprint: bytes = column(pg.BYTEA)
    result: str = column(sa.Text)
    created_at: Moment = column(TIMESTAMP)


search_words = table_of(SearchWord)
tag_uses = table_of(TagUse)
assignments = table_of(Assignment)
idempotency_records = table_of(IdempotencyRecord)
# By the column of an item: its table, and the row's column that lists the items.
LISTED_ITEMS = {"tag": (tag_uses, "tags"), "assignee_id": (assignments, "assignee_ids")}
