"""Who acts."""

from dataclasses import dataclass, field
from uuid import UUID

from models.actors import ActorKind, allows


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an API key, whom an access token is for, a job, the command line or the public.

    ``key_id`` is the key, or the one that made the token, ``digest`` the one of the key's secret. ``subject`` is whom a
    token is for, and ``client`` their ID where they are a client, who sees nothing but what is theirs.
    ``trusted_documents_only`` is whether they run no other documents, and nothing else.
    """

    kind: ActorKind
    id: str
    name: str
    scopes: frozenset[str]
    org_id: UUID
    key_id: UUID | None = None
    digest: bytes = field(default=b"", repr=False)
    trusted_documents_only: bool = False
    subject: UUID | None = None
    client: str | None = None

    @property
    def caller(self) -> UUID | None:
        """Return who calls: whom a token is for, or the API key; None for others. Theirs are the idempotency keys that
        are used, and how far messages are read."""
        return self.subject or self.key_id

    @property
    def credential(self) -> str:
        """Return what its scopes are those of, in words."""
        if self.subject is not None:
            return "access token"
        return "job" if self.kind is ActorKind.JOB else "API key"

    def may(self, scope: str) -> bool:
        """Return whether the actor holds a scope, or one that includes it."""
        return allows(self.scopes, scope)
