"""Trusted documents: the operations that an organization's apps send by their IDs, and the apps' versions."""

from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from annotated_types import MaxLen, MinLen
from pydantic import AfterValidator
from sqlmodel import Field

from models.base import C_TEXT, Owned, Versioned, column, one_of, table_args, table_of
from models.enums import DescribedEnum
from models.resources import Resource
from models.types import Text

# Only the command line has them.
APP_VERSION = Resource("app_version", actions=("add", "active", "retired"), scope=None)
# What a document has at most, as the guard judges it, and its id.
MAX_DOCUMENT, MAX_DOCUMENT_ID = 16 * 1024, 200
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+")


class AppVersionStatus(DescribedEnum):
    """Whether the documents of a version are served."""

    ADDED = "ADDED", "They are not served yet."
    ACTIVE = "ACTIVE", "They are served."
    RETIRED = "RETIRED", "They are not served any more, unless another version has them."


def _plain(value: str) -> str:
    if not _PLAIN.issuperset(value):
        raise ValueError("must be letters, digits and - . _ ~ +")
    return value


AppName = Annotated[str, Text, MinLen(1), MaxLen(100), AfterValidator(_plain)]


class AppVersion(Versioned, table=True):
    """A version of an app."""

    __tablename__ = "app_versions"
    __table_args__ = table_args(
        one_of("status", AppVersionStatus),
        sa.UniqueConstraint("org_id", "app", "name"),
        grants="SELECT, INSERT, UPDATE",
    )

    app: AppName = column(C_TEXT, description="Name of the app.")
    name: AppName = column(C_TEXT, description="Name of its version.")
    status: AppVersionStatus = column(sa.Text, description="Whether its documents are served.")


class TrustedDocument(Owned, table=True):
    """A document, which never changes: what is sent under its id is this text."""

    __tablename__ = "trusted_documents"
    __table_args__ = table_args(sa.Index(None, "org_id", "sha256"), grants="SELECT, INSERT")

    document_id: Annotated[str, MaxLen(MAX_DOCUMENT_ID)] = Field(sa_type=C_TEXT, primary_key=True)
    sha256: Annotated[str, MaxLen(64)] = column(C_TEXT, description="SHA-256 of its text, in hexadecimal digits.")
    text: Annotated[str, MaxLen(MAX_DOCUMENT)] = column(sa.Text)


class AppDocument(Owned, table=True):
    """That a version of an app has a document."""

    __tablename__ = "app_documents"
    __table_args__ = table_args(
        sa.ForeignKeyConstraint(["org_id", "app_version_id"], ["app_versions.org_id", "app_versions.id"]),
        sa.ForeignKeyConstraint(
            ["org_id", "document_id"], ["trusted_documents.org_id", "trusted_documents.document_id"]
        ),
        sa.Index(None, "org_id", "document_id"),
        grants="SELECT, INSERT",
    )

    app_version_id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    document_id: Annotated[str, MaxLen(MAX_DOCUMENT_ID)] = Field(sa_type=C_TEXT, primary_key=True)


app_versions = table_of(AppVersion)
trusted_documents = table_of(TrustedDocument)
app_documents = table_of(AppDocument)
