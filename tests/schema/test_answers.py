"""The size of an answer: bounded while rows are loaded, written part by part, and nothing kept of what is refused."""

import asyncio
from typing import Any

import orjson
import pytest

from models.typeid import new_uuid
from resolvers.database.connection import PooledConnection
from resolvers.database.loaded import MAX_BYTES, ROWS_AT_ONCE, Loaded
from resolvers.database.sql import JSON_TIMES
from schema.requests.sizes import TURN_BYTES, TURN_VALUES, _exceeds
from tests.support.api import Org, new_client, new_order
from tests.support.charging import LONG, thread
from tests.support.refusals import error, problem, unchanged

PAGES = range(1, 21)
PAGE = "{ messages(first: %d) { nodes { %s } } }"


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each piece had that came from the database."""
    pieces: list[int] = []
    rows, more = PooledConnection.rows, PooledConnection.more

    async def first(self: PooledConnection, *given: Any) -> tuple[list[Any], bool]:
        found = await rows(self, *given)
        pieces.append(len(found[0]))
        return found

    async def next_(self: PooledConnection, *given: Any) -> tuple[list[Any], bool]:
        found = await more(self, *given)
        pieces.append(len(found[0]))
        return found

    monkeypatch.setattr(PooledConnection, "rows", first)
    monkeypatch.setattr(PooledConnection, "more", next_)
    return pieces


async def test_an_answer_as_large_as_it_may_be_is_whole(acme: Org) -> None:
    order = (await new_order(acme))["publicId"]
    await thread(acme, order, 100)
    text = f'{{ order(id: "{order}") {PAGE % (100, "body")} }}'
    answer = await acme.graphql(text)
    assert 8_000_000 < len(answer.content) <= MAX_BYTES
    assert [len(each["body"]) for each in answer.json()["data"]["order"]["messages"]["nodes"]] == [LONG] * 100


async def test_more_is_refused_before_all_of_it_is_loaded(acme: Org, loaded: list[int]) -> None:
    client = (await new_client(acme))["publicId"]
    for _ in range(4):
        await thread(acme, (await new_order(acme, client))["publicId"], 100)
    loaded.clear()
    asked = f"orders {{ nodes {PAGE % (60, 'body')} }}"
    text = f'{{ client(id: "{client}") {{ {asked} }} viewer {{ organization {{ id }} }} }}'
    for accept, status in (("application/json", 200), ("application/graphql-response+json", 400)):
        answer = await acme.graphql(text, {"Accept": accept})
        error(answer, status, "TOO_COMPLEX")
        assert "data" not in answer.json()
    # Of the 240 messages two pieces were loaded, the second of which was too much, and nothing afterwards.
    assert sum(loaded) <= 2 * (2 * ROWS_AT_ONCE + 10)


async def test_a_statement_s_rows_come_in_pieces_and_none_is_lost(acme: Org, loaded: list[int]) -> None:
    client = (await new_client(acme))["publicId"]
    for _ in range(5):
        await thread(acme, (await new_order(acme, client))["publicId"], 60, 10)
    loaded.clear()
    text = f'{{ client(id: "{client}") {{ orders {{ nodes {PAGE % (60, "id body")} }} }} }}'
    orders = (await acme.data(text))["client"]["orders"]["nodes"]
    assert [len(order["messages"]["nodes"]) for order in orders] == [60] * 5
    assert len({message["id"] for order in orders for message in order["messages"]["nodes"]}) == 300
    # The client, its orders, and their messages in three pieces; what graphql-core loads afterwards is not bounded.
    assert (loaded[:2], sum(loaded[2:5])) == ([1, 5], 300)
    assert max(loaded[2:5]) < 120


@pytest.mark.parametrize(
    "asked",
    [
        " ".join(f"a{index}: body" for index in range(25)),
        "...F } edges { node { ...F } } } } fragment F on Message { " + " ".join(f"a{i}: body" for i in range(14)),
    ],
    ids=["aliases", "nodes and edges"],
)
async def test_a_value_that_is_asked_for_again_and_again_counts_each_time(acme: Org, asked: str) -> None:
    order = (await new_order(acme))["publicId"]
    await thread(acme, order, 10)
    text = f'{{ order(id: "{order}") {{ messages(first: 10) {{ nodes {{ {asked} }} }} }} }}'
    if "fragment" in asked:
        head, _, fragment = asked.partition("fragment")
        text = f'{{ order(id: "{order}") {{ messages(first: 10) {{ nodes {{ {head} }} fragment{fragment} }}'
    error(await acme.graphql(text), 200, "TOO_COMPLEX")


async def test_long_names_of_short_values_count(acme: Org) -> None:
    for index in range(20):
        await new_client(acme, name=f"{index}")
    name = "n" * 15_000
    # Twenty rows are 300 KB; the page may hold a hundred, whose names alone could be too much: it is looked at.
    answer = await acme.data(f"{{ clients(first: 100) {{ nodes {{ {name}: id }} }} }}")
    assert len(answer["clients"]["nodes"]) == 20
    nested = f"clients(first: 10) {{ nodes {{ orders(first: 10) {{ nodes {{ {name}: client {{ id }} }} }} }} }}"
    clients = (await acme.data("{ clients(first: 10) { nodes { id } } }"))["clients"]["nodes"]
    for client in clients:
        for _ in range(2):
            await new_order(acme, client["id"])
    listed = " ".join(f"a{index}: {nested}" for index in range(1))
    assert len(orjson.dumps(await acme.data(f"{{ {listed} }}"))) < MAX_BYTES
    many = "query { " + " ".join(f"a{index}: clients(first: 20) {{ ...F }}" for index in range(29)) + " }"
    error(await acme.graphql(f"{many} fragment F on ClientConnection {{ nodes {{ {name[:14_900]}: id }} }}"), 200,
          "TOO_COMPLEX")  # fmt: skip


async def test_json_counts_threefold_and_rest_is_bounded_too(acme: Org) -> None:
    # 85 clients with 30 KB of metadata are 2.6 MB as text.
    for index in range(85):
        await acme.rows(
            "insert into clients (org_id, id, version, updated_at, metadata, tags, name, name_key, email, email_key,"
            " status) values ($1, $4, 1, now(), $2, '{}', 'x', 'x', $3::text, $3::text, 'LEAD')",
            acme.id, {f"k{place}": "x" * 600 for place in range(50)}, f"{index}@example.com",
            new_uuid(),
        )  # fmt: skip
    answer = await acme.http.get("/api/v1/clients?limit=85")
    assert answer.status_code == 200
    assert MAX_BYTES * 0.9 < len(answer.content) * JSON_TIMES < MAX_BYTES
    assert len(answer.json()["data"]) == 85
    await acme.rows("update clients set metadata = metadata || $1", {f"n{place}": "x" * 600 for place in range(25)})
    assert (await acme.http.get("/api/v1/clients?limit=20")).status_code == 200
    details = problem(await acme.http.get("/api/v1/clients?limit=85"), 400, "TOO_COMPLEX")
    assert details["detail"] == (
        "The response, or the data loaded for it, would exceed 8 MiB: request smaller pages or fewer fields."
    )


async def test_json_of_many_small_values_counts_by_what_it_holds(acme: Org) -> None:
    for index in range(80):
        await new_client(acme, email=f"{index}@example.com")
    # As a text 240 KB; the lists take 5 MB.
    await acme.rows("update clients set metadata = $1", {"k": [[]] * 1_000})
    assert (await acme.http.get("/api/v1/clients?limit=5")).status_code == 200
    problem(await acme.http.get("/api/v1/clients?limit=80"), 400, "TOO_COMPLEX")


@pytest.mark.parametrize("asked", ["tags version status updatedAt", "tags notes name email company phone taxId source"])
async def test_lists_and_short_texts_count_by_what_they_hold(acme: Org, asked: str) -> None:
    await acme.rows(
        "insert into clients (org_id, id, version, updated_at, metadata, tags, name, name_key, email, email_key,"
        " status) select $1, gen_random_uuid(), 1, now(), '{}', '{vip,new}', 'x', 'x', n || '@example.com',"
        " n || '@example.com', 'LEAD' from generate_series(1, 2000) n",
        acme.id,
    )
    pages = " ".join(f"p{page}: clients(first: 100, page: {page}) {{ nodes {{ {asked} }} }}" for page in PAGES)
    answer = await acme.graphql(f"{{ {pages} }}")
    found = answer.json()
    assert "errors" not in found, found
    assert [node["tags"] for page in found["data"].values() for node in page["nodes"]] == [["vip", "new"]] * 2_000
    assert len(answer.content) < 400_000
    # As many as may be loaded, and longer than the model allows: what is there is counted, not what may be.
    await acme.rows("update clients set tags = array_fill(repeat('x', 230), array[20])")
    error(await acme.graphql(f"{{ {pages} }}"), 200, "TOO_COMPLEX")


async def test_a_change_whose_answer_is_too_large_is_not_made(acme: Org) -> None:
    order = (await new_order(acme))["publicId"]
    await thread(acme, order, 60)
    inner = "message { order { messages(first: 60) { nodes { a: body b: body } } } }"
    text = f'mutation {{ createMessage(input: {{orderId: "{order}", body: "x"}}) {{ {inner} }} }}'
    async with unchanged(acme):
        error(await acme.graphql(text, {"Idempotency-Key": "large"}), 200, "TOO_COMPLEX")
    assert await acme.count("idempotency_records") == 0


async def test_others_go_on_while_a_large_answer_is_looked_at() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    for data, least in (
        ([{"body": "x" * 100_000} for _ in range(70)], 7_000_000 // (TURN_BYTES + 100_000)),
        ([{"a": index} for index in range(50_000)], 50_000 // (TURN_VALUES + 1)),
    ):
        turns = 0
        ticking = asyncio.create_task(other())
        assert not await _exceeds({"data": data})
        ticking.cancel()
        assert turns >= least
    assert await _exceeds({"data": [{"body": "x" * 100_000, "more": [{"a": "y" * 100_000}]} for _ in range(42)]})


async def test_of_what_cannot_be_too_much_nothing_is_looked_at(acme: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_data: Any) -> bool:
        raise AssertionError("an answer that surely fits was looked at")

    def looked(_self: Loaded, _enough: int) -> int:
        raise AssertionError("rows that surely fit were looked at")

    client = (await new_client(acme))["publicId"]
    await new_order(acme, client)
    monkeypatch.setattr("schema.requests.sizes._exceeds", never)
    assert (await acme.http.get("/api/v1/clients?limit=100")).status_code == 200
    monkeypatch.setattr(Loaded, "count", looked)
    assert (await acme.http.get(f"/api/v1/clients/{client}")).status_code == 200
    nested = "{ clients(first: 50) { nodes { id name orders(first: 5) { nodes { id number service { name } } } } } }"
    assert (await acme.data(nested))["clients"]["nodes"][0]["orders"]["nodes"]
