"""The size of a tool's result, which holds what an operation gave twice: as an object, and as a text."""

import orjson
import pytest

from resolvers.database.loaded import MAX_BYTES
from tests.support.api import Org, new_order
from tests.support.charging import LONG, thread
from tests.support.mcp import call

TOO_LONG = "The result is too long to be repeated here: it is the structured content."


@pytest.mark.parametrize(("letter", "count", "repeated"), [("x", 100, True), ("y", 12, True), ('"', 100, False)])
async def test_a_result_is_repeated_as_text_where_it_fits(acme: Org, letter: str, count: int, repeated: bool) -> None:
    order = (await new_order(acme))["publicId"]
    await thread(acme, order, count, letter=letter)
    answer = await call(acme, "ListMessages", {"orderId": order, "first": 100})
    assert len(answer.content) <= MAX_BYTES
    result = answer.json()["result"]
    found = result["structuredContent"]
    assert [each["body"] for each in found["messages"]["nodes"]] == [letter * LONG] * count
    (text,) = (each["text"] for each in result["content"])
    assert (orjson.loads(text) == found) if repeated else (text == TOO_LONG)
