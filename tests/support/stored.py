"""What an organization's tables hold, to the last row: proof that nothing was kept."""

from typing import Any

from models.base import metadata
from tests.support.api import Org

_TABLES = sorted(name for name, table in metadata.tables.items() if "org_id" in table.c)
# When a key was last used is written by the server, at some time after its use.
_STORED = " union all ".join(
    f"select '{name}' as name, count(*) as rows, md5(string_agg(text, ',' order by text)) as digest"
    f" from (select {'' if name == 'api_keys' else 't.xmin || '}(to_jsonb(t) - 'last_used_at')::text as text"
    f" from {name} t where org_id = $1) as rows"
    for name in _TABLES
)


async def stored(org: Org) -> list[tuple[Any, ...]]:
    """How many rows each table has of an organization, and a digest of them and of what wrote them."""
    return sorted(tuple(row) for row in await org.rows(_STORED, org.id))
