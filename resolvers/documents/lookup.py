"""Finds documents by their IDs: those of active versions of apps, and those that clients persist by themselves."""

import hashlib
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.documents import AppVersionStatus, app_documents, app_versions, trusted_documents
from resolvers.database.connection_errors import CONNECTION_ERRORS
from resolvers.database.runtime import Runtime
from resolvers.database.sized_cache import SizedCache
from resolvers.database.sql import ORG, owned, statement

SHA256 = "sha256:"
# So that whoever looks four times a second, as live streams do, learns within five that a version is retired.
SERVED_SECONDS = 4.5
KEPT_BYTES = 16 * 2**20
# What an entry takes beside its text, of which a character may take so many bytes.
_ENTRY, _CHARACTER = 500, 4


def sha256_of(text: str) -> str:
    """Return the SHA-256 of a document's text, in hexadecimal digits."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


@statement
def _active(column: str) -> sa.Select[Any]:
    documents = trusted_documents
    joined = sa.and_(app_versions.c.org_id == ORG, app_versions.c.id == app_documents.c.app_version_id)
    serving = (
        sa.select(sa.literal(1))
        .select_from(app_documents.join(app_versions, joined))
        .where(app_documents.c.org_id == ORG, app_documents.c.document_id == documents.c.document_id)
        .where(app_versions.c.status == AppVersionStatus.ACTIVE.value)
    )
    found = owned(documents, documents.c.text).where(documents.c[column] == sa.bindparam("key", type_=sa.Text))
    return found.where(serving.exists()).limit(1)


@dataclass(slots=True)
class _Served:
    """The text of a document, and until when it may be served without another look."""

    text: str
    until: float


Texts = SizedCache[tuple[UUID, str], _Served]


@dataclass(slots=True)
class TrustedDocuments:
    """A process's documents: ``served`` were found in the database, ``persisted`` were sent with their hash."""

    runtime: Runtime
    served: Texts = field(default_factory=lambda: SizedCache(KEPT_BYTES))
    persisted: Texts = field(default_factory=lambda: SizedCache(KEPT_BYTES))

    async def trusted(self, org_id: UUID, document_id: str) -> str | None:
        """Return the text of a document that an active version of an app has, by its ID or as ``sha256:`` and its
        hash; None where there is none. Raises Refusal UNAVAILABLE."""
        started, key = time.monotonic(), (org_id, document_id)
        known = self.served.get(key)
        if known is not None and known.until > started:
            return known.text
        text = await self._look_up(org_id, document_id)
        # Others may have looked meanwhile.
        known = self.served.get(key)
        if known is not None:
            # The text of an id is always the same one.
            known.until = started if text is None else max(known.until, started + SERVED_SECONDS)
        elif text is not None:
            self._put(self.served, key, _Served(text, started + SERVED_SECONDS))
        return text

    def persisted_text(self, org_id: UUID, document_id: str) -> str | None:
        """Return the text that a client of the organization sent with its hash, while this process has it."""
        found = self.persisted.get((org_id, document_id))
        return None if found is None else found.text

    def persist(self, org_id: UUID, document_id: str, text: str) -> None:
        """Keep a text that is the one of its hash."""
        if self.persisted.get((org_id, document_id)) is None:
            self._put(self.persisted, (org_id, document_id), _Served(text, 0.0))

    def _put(self, texts: Texts, key: tuple[UUID, str], served: _Served) -> None:
        texts.put(key, served, _ENTRY + _CHARACTER * len(served.text), key[0])

    async def _look_up(self, org_id: UUID, document_id: str) -> str | None:
        hashed = document_id.startswith(SHA256)
        sql = _active("sha256" if hashed else "document_id")
        values = {"org_id": org_id, "key": document_id.removeprefix(SHA256)}
        runtime = self.runtime
        try:
            async with runtime.connection(first=f"begin read only;{runtime.tenant(org_id)}") as connection:
                text: str | None = await connection.fetchval(sql.text, *sql.arguments(values))
                await connection.execute("commit")
        except CONNECTION_ERRORS as error:
            raise runtime.unavailable(error) from error
        return text
