"""The tags that an organization's objects have, in their order, with how many have each."""

from typing import Any

from execution import Args
from models.lookups import LISTED_ITEMS
from models.texts import nfc
from resolvers.collections.collection import Collection
from resolvers.context import Context
from resolvers.database.sql import Sql
from resolvers.errors import bad_input
from resolvers.lists.filters import check_text
from resolvers.lists.page_window import DEFAULT_PAGE, LARGEST_PAGE
from resolvers.lists.search_words import LAST
from resolvers.loads import BatchResolver, shared

# So many objects are counted of a tag: all of them are what a list with the tag as its filter counts.
MOST = 1_000
# From tag to tag: the index of the tags is read once for each, however many objects have it.
_USES = Sql(
    f"""WITH RECURSIVE found AS (
 (SELECT first.tag, 1 AS nth FROM tag_uses AS first WHERE first.org_id = $1::UUID AND first.resource = $2::TEXT
  AND first.tag >= $3::TEXT AND first.tag < $4::TEXT ORDER BY first.tag LIMIT 1)
 UNION ALL
 SELECT (SELECT other.tag FROM tag_uses AS other WHERE other.org_id = $1::UUID AND other.resource = $2::TEXT
  AND other.tag > found.tag AND other.tag < $4::TEXT ORDER BY other.tag LIMIT 1), found.nth + 1
 FROM found WHERE found.tag IS NOT NULL AND found.nth < $5::INTEGER)
SELECT found.tag, (SELECT count(*) FROM (SELECT 1 FROM tag_uses AS own WHERE own.org_id = $1::UUID
 AND own.resource = $2::TEXT AND own.tag = found.tag LIMIT {MOST}) AS counted) AS count
FROM found WHERE found.tag IS NOT NULL""",
    ("org_id", "resource", "start", "end", "size"),
    {},
)


def tags_of(collection: Collection) -> BatchResolver:
    """Return a batch resolver of the tags of a collection's rows. Raises ValueError where not everybody who may read
    the collection sees all of them, or they have no tags."""
    if not collection.joins or LISTED_ITEMS["tag"][1] not in collection.table.c:
        raise ValueError(f"the tags of {collection.name} are not for everybody who reads them")

    async def load(ctx: Context, args: Args) -> list[dict[str, Any]]:
        start, size = args.values.get("starts_with") or "", args.values.get("first")
        if size is not None and not 1 <= size <= LARGEST_PAGE:
            message = f"first must be from 1 to {LARGEST_PAGE}."
            raise bad_input("first", message, "OUT_OF_RANGE", minimum=1, maximum=LARGEST_PAGE)
        check_text(start, "startsWith")
        # As tags are stored; a space at its end may stand within a tag.
        start = nfc(start).lstrip()
        prefix, size = collection.resource.prefix, size or DEFAULT_PAGE
        rows = await ctx.fetch(_USES, resource=prefix, start=start, end=start + LAST, size=size)
        return [{"tag": row["tag"], "count": row["count"]} for row in rows]

    return shared(load)
