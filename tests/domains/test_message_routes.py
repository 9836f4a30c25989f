"""Messages by REST: the thread of an order, newest or oldest first, and who sees what of it."""

from typing import Any

from models.typeid import encode, new_uuid
from tests.support.api import Org, new_order
from tests.support.refusals import problem, unchanged

PATH = "/api/v1/messages"


async def post(org: Org, order: str, body: str, **given: Any) -> dict[str, Any]:
    answer = await org.http.post(PATH, json={"orderId": order, "body": body} | given)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


async def bodies(org: Org, **params: Any) -> list[str]:
    answer = await org.http.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    return [message["body"] for message in answer.json()["data"]]


async def test_a_thread_is_listed_either_way(acme: Org) -> None:
    order, other = [(await new_order(acme))["publicId"] for _ in range(2)]
    for body in ("one", "two", "three"):
        await post(acme, order, body)
    await post(acme, other, "elsewhere")
    assert await bodies(acme, orderId=order) == ["three", "two", "one"]
    assert await bodies(acme, orderId=order, sort="-createdAt") == ["three", "two", "one"]
    assert await bodies(acme, orderId=order, sort="createdAt", limit=2) == ["one", "two"]
    first = (await acme.http.get(PATH, params={"orderId": order, "sort": "createdAt", "limit": 2})).json()
    cursor = first["pagination"]["nextCursor"]
    assert await bodies(acme, orderId=order, sort="createdAt", cursor=cursor) == ["three"]
    assert await bodies(acme, orderId=encode("order", new_uuid())) == []


async def test_a_list_needs_its_order(acme: Org) -> None:
    for query in ("", "?orderId=", "?orderId=x"):
        problem(await acme.http.get(PATH + query), 400, "BAD_INPUT", "query.orderId")


async def test_an_author_is_the_key_unless_it_says_otherwise(acme: Org) -> None:
    order = (await new_order(acme))["publicId"]
    assert (await post(acme, order, "Hello"))["author"] == {"kind": "STAFF", "name": "test"}
    written = await post(acme, order, "Hello", authorKind="CLIENT", authorName="Ada")
    assert written["author"] == {"kind": "CLIENT", "name": "Ada"}
    assert (await acme.rows("select type from events order by id"))[-1]["type"] == "message.created"


async def test_internal_messages_are_not_there_without_their_scope(acme: Org) -> None:
    order = (await new_order(acme))["publicId"]
    hidden = await post(acme, order, "Psst", visibility="INTERNAL")
    await post(acme, order, "Hello")
    weak = acme.holding(await acme.new_key("messages:write"))
    assert await bodies(acme, orderId=order) == ["Hello", "Psst"]
    assert await bodies(weak, orderId=order) == ["Hello"]
    assert await bodies(weak, orderId=order, ids=hidden["publicId"]) == []
    page = (await weak.http.get(PATH, params={"orderId": order, "page": 1})).json()["pagination"]
    assert page["total"] == 1
    async with unchanged(acme):
        given = {"orderId": order, "body": "Psst", "visibility": "INTERNAL"}
        refused = problem(await weak.http.post(PATH, json=given), 403, "FORBIDDEN", "body.visibility")
        assert refused["scope"] == "messages:internal"


async def test_a_message_is_neither_changed_nor_deleted(acme: Org) -> None:
    key = (await post(acme, (await new_order(acme))["publicId"], "Hello"))["publicId"]
    async with unchanged(acme):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            answer = await acme.http.request(method, f"{PATH}/{key}")
            assert answer.status_code == 404, answer.text
        problem(await acme.http.delete(PATH), 405, "METHOD_NOT_ALLOWED")
