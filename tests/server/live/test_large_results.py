"""A result beyond what may wait for its reader: it ends a live stream, and comes by a query and after an event."""

from schema.live.streams import MOST_BYTES
from tests.support.api import Org, new_order
from tests.support.live import following

# As much of an order as fits into a change and a document: three bytes a character, eighty times.
NOTES = "€" * 5_000
SELECTED = " ".join(f"n{number}: notes" for number in range(80))
CHANGE = "mutation($input: UpdateOrderInput!) { updateOrder(input: $input) { order { id } } }"
HEAR = f"subscription($after: ID) {{ orderUpdated(after: $after) {{ {SELECTED} }} }}"
READ = f"query($id: ID!) {{ order(id: $id) {{ {SELECTED} }} }}"


async def test_it_ends_a_stream_and_comes_by_what_the_guide_says(acme: Org) -> None:
    order = (await new_order(acme))["publicId"]
    async with following(acme, HEAR) as stream:
        place = await stream.opened()
        await acme.data(CHANGE, input={"id": order, "notes": NOTES})
        ended = await stream.next()
        assert ended.data["errors"][0]["extensions"]["code"] == "SLOW_READER"
        assert (await stream.next()).event == "complete"
    whole = (await acme.data(READ, id=order))["order"]
    assert sum(len(notes.encode()) for notes in whole.values()) > MOST_BYTES
    async with following(acme, HEAR, after=place) as stream:
        assert (await stream.result())["orderUpdated"] == whole
