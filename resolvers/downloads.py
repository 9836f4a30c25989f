"""Downloads: the bytes of an object, such as an invoice's PDF, which no GraphQL operation returns."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from models.resources import Resource
from models.typeid import encode
from resolvers.context import Context
from resolvers.errors import Conflict, Refusal

NOT_READY = Conflict("NOT_READY", "The object has no file before its `status` is READY.")


@dataclass(frozen=True, slots=True)
class File:
    """A file that can be downloaded.

    ``etag`` differs where the bytes may differ. ``chunks`` is called once, when the snapshot in which the file was
    found has ended; before its first chunk it may raise Refusal. What it reads it reads in snapshots of its own.
    ``cost`` is charged beside that of the download, when the first bytes are there.
    """

    name: str
    etag: str
    chunks: Callable[[], AsyncIterator[bytes]]
    cost: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Download:
    """A kind of file that objects have: ``GET /api/v1/invoices/{publicId}.pdf``.

    ``operation`` names it in the OpenAPI document, ``scope`` is what a key needs. ``find`` returns the file of an
    object, None where the caller sees no such object; it runs in a snapshot. Where a worker has to make the file,
    ``made_later``, it raises ``not_ready`` until then. Raises ValueError for a path that another one has.
    """

    resource: Resource
    extension: str
    media: str
    scope: str
    cost: int
    operation: str
    summary: str
    find: Callable[[Context, UUID], Awaitable[File | None]]
    made_later: bool = False

    def __post_init__(self) -> None:
        """Add it to ``DOWNLOADS``."""
        if self.path in DOWNLOADS:
            raise ValueError(f"there are two downloads at {self.path}")
        DOWNLOADS[self.path] = self

    @property
    def path(self) -> str:
        """Return the path of its route."""
        return f"/api/v1/{self.resource.path}/{{publicId}}.{self.extension}"

    def path_of(self, key: UUID) -> str:
        """Return the path of one object's file."""
        return self.path.replace("{publicId}", encode(self.resource.prefix, key))


def not_ready(resource: Resource, status: str, *, failed: bool) -> Refusal:
    """Return the refusal CONFLICT (NOT_READY) for the file of an object that is there without it."""
    advice = "its error says why. Request another one." if failed else "wait until its status is READY."
    return NOT_READY.refusal(None, f"The {resource.label} is {status}: {advice}")


# By their paths: the domain that declares one is all that has to know of it.
DOWNLOADS: dict[str, Download] = {}
