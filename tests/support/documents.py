"""What tests of trusted documents need: documents, and versions of apps that have them."""

from typing import Any

from models.documents import AppVersionStatus
from resolvers import organizations
from resolvers.api_keys import mutations as api_keys
from resolvers.documents import versions
from resolvers.documents.lookup import sha256_of
from tests.support.api import Org

CLIENTS = "query Clients($first: Int) { clients(first: $first) { totalCount nodes { name } } }"
HASHED = f"sha256:{sha256_of(CLIENTS)}"
NEW_CLIENT = "mutation NewClient($input: CreateClientInput!) { createClient(input: $input) { client { name } } }"
MANIFEST = {"clients": CLIENTS, "x-board:new-client": NEW_CLIENT}


def automatic(text: str) -> dict[str, Any]:
    """The extensions by which Apollo's clients name a text."""
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256_of(text)}}


async def add(org: Org, name: str = "1", status: AppVersionStatus = AppVersionStatus.ACTIVE, **given: str) -> None:
    """Add a version of the app `board`, and set its status."""
    ctx = organizations.command_line(org.runtime, org.id)
    async with ctx.transaction():
        await versions.add(ctx, "board", name, given or MANIFEST)
        await versions.set_status(ctx, "board", name, status)


async def held_to_documents(org: Org, *scopes: str) -> Org:
    """The organization with a key that runs trusted documents only."""
    ctx = organizations.command_line(org.runtime, org.id)
    async with ctx.transaction():
        given = {"name": "limited", "scopes": [*scopes], "trusted_documents_only": True}
        _, raw = await api_keys.create(ctx, given)
    return org.holding(raw)
