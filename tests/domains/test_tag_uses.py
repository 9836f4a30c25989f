"""The tags that objects have: each once, in their order, with how many have it."""

from typing import Any

import pytest

from resolvers import tag_uses
from resolvers.members import MEMBERS
from resolvers.messages import MESSAGES
from tests.support.api import Org, new_client, new_order
from tests.support.refusals import error
from tests.support.two_clients import two_clients

TAGS = "query($s: String, $n: Int) { clientTags(startsWith: $s, first: $n) { tag count } }"


async def tags(org: Org, **given: Any) -> dict[str, int]:
    """The tags by one statement."""
    answer = await org.graphql(TAGS, **given)
    assert answer.headers["server-timing"] == 'sql;desc="1"', answer.text
    found = answer.json()["data"]["clientTags"]
    assert [each["tag"] for each in found] == sorted(each["tag"] for each in found)
    return {each["tag"]: each["count"] for each in found}


async def test_the_tags_of_clients(acme: Org, other: Org) -> None:
    assert await tags(acme) == {}
    clients = [
        (await new_client(acme, tags=given))["publicId"]
        for given in (["vip", "a"], ["vip", "Vip", "été"], ["vips"], ["😀", "a b"])
    ]
    await new_client(other, tags=["theirs"])
    await new_order(acme, clients[0], tags=["of an order"])
    every = {"Vip": 1, "a": 1, "a b": 1, "vip": 2, "vips": 1, "été": 1, "😀": 1}
    assert await tags(acme) == every
    assert await tags(acme, s="") == await tags(acme, s=None) == every
    assert await tags(acme, s="vip") == {"vip": 2, "vips": 1}
    assert await tags(acme, s="a ") == {"a b": 1}
    assert await tags(acme, s="x") == await tags(acme, s="v" * 1_000) == {}
    assert await tags(acme, n=3) == {"Vip": 1, "a": 1, "a b": 1}
    assert (await acme.data("{ orderTags { tag count } serviceTags { tag } ticketTags { tag } }")) == {
        "orderTags": [{"tag": "of an order", "count": 1}], "serviceTags": [], "ticketTags": [],
    }  # fmt: skip
    update = "mutation($input: UpdateClientInput!) { updateClient(input: $input) { client { id } } }"
    await acme.data(update, input={"id": clients[1], "tags": []})
    delete = "mutation($input: DeleteClientInput!) { deleteClient(input: $input) { deletedId } }"
    await acme.data(delete, input={"id": clients[2]})
    assert await tags(acme) == {"a": 1, "a b": 1, "vip": 1, "😀": 1}


async def test_a_tag_is_found_as_it_was_sent(acme: Org) -> None:
    sent = "  E\u0301clair  "
    client = await new_client(acme, tags=[sent])
    assert client["tags"] == ["\u00c9clair"]
    for condition in ({"has": sent}, {"hasAny": [sent]}):
        found = await acme.data("query($f: ClientFilter) { clients(filter: $f) { totalCount } }", f={"tags": condition})
        assert found == {"clients": {"totalCount": 1}}
    assert (await acme.http.get("/api/v1/clients", params={"tag": sent.strip()})).json()["data"][0] == client
    assert await tags(acme, s=sent[:4]) == {"\u00c9clair": 1}


async def test_a_count_ends_where_a_picker_needs_no_more(acme: Org) -> None:
    await new_client(acme, tags=["many", "more"])
    await acme.rows(
        "insert into tag_uses (org_id, resource, tag, subject_id) select org_id, resource, tag, gen_random_uuid()"
        " from tag_uses, generate_series(1, 1200) where tag = 'many'"
    )
    assert await tags(acme) == {"many": tag_uses.MOST, "more": 1}
    assert tag_uses.MOST == 1_000


@pytest.mark.parametrize(
    ("given", "field", "reason"),
    [
        ({"n": 0}, "first", "OUT_OF_RANGE"),
        ({"n": 101}, "first", "OUT_OF_RANGE"),
        ({"s": "a\0"}, "startsWith", "INVALID_FORMAT"),
        ({"s": "a" * 1_001}, "startsWith", "TOO_LONG"),
    ],
)
async def test_wrong_arguments(acme: Org, given: dict[str, Any], field: str, reason: str) -> None:
    assert error(await acme.graphql(TAGS, **given), 200, "BAD_INPUT", field)["reason"] == reason


async def test_tags_are_the_staffs_and_need_the_scope_of_what_has_them(acme: Org) -> None:
    two = await two_clients(acme)
    for noun in ("client", "service", "order", "ticket"):
        text = f"{{ {noun}Tags {{ tag }} }}"
        error(await two.ada.graphql(text), 403, "FORBIDDEN")
        weak = acme.holding(await acme.new_key("messages:read", *([] if noun == "order" else ["orders:read"])))
        assert error(await weak.graphql(text), 403, "FORBIDDEN")["scope"] == f"{noun}s:read"


def test_rows_that_not_everybody_sees_have_no_such_list() -> None:
    for collection in (MESSAGES, MEMBERS):
        with pytest.raises(ValueError, match="not for everybody"):
            tag_uses.tags_of(collection)
