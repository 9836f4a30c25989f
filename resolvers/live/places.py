"""Places in an organization's events at which no event is: where a stream began that has heard nothing yet.

What PostgreSQL's numbers of transactions tell of the server is no client's business, so that a place is encrypted.
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta

from resolvers.context import Context, now
from resolvers.errors import bad_input
from resolvers.live.events import Snapshot, expired, restored_order, retention_of, snapshot
from resolvers.webhooks.secrets import UnreadableSecret, decrypt, encrypt

PREFIX = "place_"
# Of more open transactions a place would be too long for a header: then what was committed among them is sent again.
MOST_OPEN = 50


def place_of(ctx: Context, since: Snapshot) -> str:
    """Return the place of a snapshot that was made now, as a text that a stream goes on after."""
    exact = len(since.open) <= MOST_OPEN
    high, running = (since.xmax, since.open) if exact else (since.xmin, frozenset[int]())
    text = f"{int(now().timestamp())} {since.xmin}:{high}:{','.join(map(str, sorted(running)))}"
    sealed = encrypt(ctx.runtime.secret_keys, ctx.org_id, ctx.org_id, text)
    return PREFIX + base64.urlsafe_b64encode(sealed).decode()


async def snapshot_of(ctx: Context, place: str, retention: timedelta) -> Snapshot:
    """Return the snapshot of a place. ``retention`` is how long the server keeps events.

    Raises Refusal BAD_INPUT for a text that is no place of the organization, and EVENT_EXPIRED where events after it
    may be deleted already, or it is of another cluster.
    """
    try:
        sealed = base64.b64decode(place.removeprefix(PREFIX), b"-_", validate=True)
        made, text = decrypt(ctx.runtime.secret_keys, ctx.org_id, ctx.org_id, sealed).split()
    except (UnreadableSecret, binascii.Error, ValueError):
        raise bad_input("after", "This is not a position in the events.", "INVALID_FORMAT") from None
    if datetime.fromtimestamp(int(made), UTC) < now() - await retention_of(ctx, retention):
        raise expired()
    since = Snapshot.parsed(text)
    if since.xmax > (await snapshot(ctx)).xmax:
        raise restored_order()
    return since
