"""What a field shows does not depend on what stands beside it."""

from collections.abc import Iterable
from itertools import combinations

from tests.support.api import Org, new_client, new_order

ORGANIZATION = ("id", "name", "slug", "defaultCurrency", "timezone", "version", "updatedAt")


def _asking(names: Iterable[str]) -> str:
    return f"{{ viewer {{ organization {{ {' '.join(names)} }} }} }}"


async def test_each_choice_of_the_organizations_fields_shows_the_same(acme: Org) -> None:
    whole = (await acme.data(_asking(ORGANIZATION)))["viewer"]["organization"]
    assert (whole["name"], whole["slug"], whole["defaultCurrency"], whole["version"]) == ("Test", acme.slug, "EUR", 1)
    for size in (1, 5, 6):
        for names in combinations(ORGANIZATION, size):
            found = await acme.data(_asking(names))
            assert found["viewer"]["organization"] == {name: whole[name] for name in names}
    bare = await acme.data(_asking(["__typename"]))
    assert bare == {"viewer": {"organization": {"__typename": "Organization"}}}


async def test_a_key_beside_a_list_leaves_what_its_rows_refer_to(acme: Org) -> None:
    client = await new_client(acme, name="Ada")
    order = await new_order(acme, client["publicId"])
    found = await acme.data("{ viewer { key { name } } orders { nodes { id client { name } service { name } } } }")
    node = {"id": order["publicId"], "client": {"name": "Ada"}, "service": {"name": "Logo"}}
    assert found == {"viewer": {"key": {"name": "test"}}, "orders": {"nodes": [node]}}


async def test_one_message_shows_its_order_to_every_key(acme: Org) -> None:
    client = await new_client(acme, name="Ada")
    order = (await new_order(acme, client["publicId"]))["publicId"]
    write = "mutation($input: CreateMessageInput!) { createMessage(input: $input) { message { id } } }"
    made = await acme.data(write, input={"orderId": order, "body": "Hello"})
    weak = acme.holding(await acme.new_key("messages:read", "orders:read", "clients:read"))
    for shown, value in (("body", "Hello"), ("visibility", "PUBLIC")):
        ask = f"query($id: ID!) {{ message(id: $id) {{ {shown} order {{ id client {{ name }} }} }} }}"
        for who in (acme, weak):
            found = await who.data(ask, id=made["createMessage"]["message"]["id"])
            assert found == {"message": {shown: value, "order": {"id": order, "client": {"name": "Ada"}}}}
    await weak.http.aclose()
