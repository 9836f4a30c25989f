"""Events: what a feed is judged and ordered by stands beside what is sent."""

from models.typeid import decode
from tests.support.api import Org, new_client, new_order, new_service

READ = "select type, client_id, visibility, xact::text::bigint as xact from events order by xact, id"


async def test_an_event_knows_its_client_and_who_sees_it(acme: Org) -> None:
    service = (await new_service(acme))["publicId"]
    client = (await new_client(acme))["publicId"]
    order = (await new_order(acme, client=client, service=service))["publicId"]
    text = "mutation($i: CreateMessageInput!) { createMessage(input: $i) { message { id } } }"
    for visibility in ("PUBLIC", "INTERNAL"):
        await acme.data(text, i={"orderId": order, "body": "x", "visibility": visibility})
    await acme.http.put(f"/api/v1/orders/{order}", json={"notes": "n", "status": "SUBMITTED"})
    spare = (await new_client(acme))["publicId"]
    assert (await acme.http.delete(f"/api/v1/clients/{spare}")).status_code == 204
    key, gone = decode("client", client), decode("client", spare)
    rows = await acme.rows(READ)
    assert [(row["type"], row["client_id"], row["visibility"]) for row in rows] == [
        ("service.created", None, None), ("client.created", key, None), ("order.created", key, None),
        ("message.created", key, "PUBLIC"), ("message.created", key, "INTERNAL"),
        ("order.updated", key, None), ("order.status_changed", key, None),
        ("client.created", gone, None), ("client.deleted", gone, None),
    ]  # fmt: skip
    numbers = [row["xact"] for row in rows]
    # Events of one change have one transaction; those of later changes have greater ones.
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(rows) - 1
