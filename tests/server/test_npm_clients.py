"""The clients that people use, from npm, against our server: how each asks, caches, pages and listens."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from models.typeid import encode, uuid_at
from resolvers.api_keys.verification import key_id_of
from tests.support.api import Org, new_client, new_order, new_service
from tests.support.node import installed, run
from tests.support.tokens import new_member, token_of

PROJECT = Path(__file__).parents[1] / "clients"
LEAST_NODE = 20


@pytest.fixture(scope="module")
async def clients() -> None:
    """Install what the clients need, and generate, check and bundle their code against the schema."""
    await installed(PROJECT, least=LEAST_NODE, wanted="the clients of npm")
    for script in ("generate", "types", "bundle"):
        await run(PROJECT, "npm", "run", "--silent", script)


async def answer_of(program: str, org: Org, **given: str) -> Any:
    """What a program of the clients prints, with an organization's key."""
    environment = {"COUNTERFOIL_URL": str(org.http.base_url.join("/graphql")), "COUNTERFOIL_KEY": org.key} | given
    return json.loads(await run(PROJECT, "node", program, **environment))


@pytest.mark.usefixtures("clients")
async def test_event_streams_and_sockets_in_turn(acme: Org) -> None:
    for _ in range(7):
        await new_client(acme)
    first, *made = [encode("event", row["id"]) for row in await acme.rows("select id from events order by id")]
    expired = encode("event", uuid_at(datetime.now(UTC) - timedelta(days=31)))
    answer = await answer_of("live.mjs", acme, COUNTERFOIL_AFTER=first, COUNTERFOIL_EXPIRED=expired)
    (*_, last) = [encode("event", row["id"]) for row in await acme.rows("select id from events order by id")]
    codes = ["BAD_INPUT", "EVENT_EXPIRED", "NOT_FOUND", "GRAPHQL_VALIDATION_FAILED", "DOCUMENT_NOT_FOUND"]
    refused = [[[code, "complete"], [code]] for code in codes]
    again = {"bySse": [last], "byWs": [last], "byFresh": [last], "afterPlace": [[last]] * 2}
    assert answer == {"ids": made, "refused": refused, **again}


@pytest.mark.usefixtures("clients")
async def test_event_streams_and_sockets_come_back_with_another_token(acme: Org) -> None:
    for _ in range(3):
        await new_client(acme)
    first, *made = [encode("event", row["id"]) for row in await acme.rows("select id from events order by id")]
    own, member = key_id_of(acme.key), await new_member(acme, "ADMIN")
    assert own is not None
    # One that has expired before they connect makes them come back as well.
    ends = datetime.now(UTC) + timedelta(seconds=2)
    tokens = [token_of(acme, own, member, ends), token_of(acme, own, member)]
    given = {"COUNTERFOIL_TOKENS": json.dumps(tokens), "COUNTERFOIL_COUNT": str(len(made) + 1)}
    heard = await answer_of("renewing.mjs", acme, COUNTERFOIL_AFTER=first, **given)
    (last,) = await acme.rows("select id from events where type = 'client.created' order by id desc limit 1")
    assert heard == [[*made, encode("event", last["id"])]] * 2


@dataclass
class Board:
    """A client's six orders, of which the newest is moved."""

    client: str
    service: str
    order: str
    created: str
    numbers: list[int]


async def new_board(org: Org) -> Board:
    """Orders of one client, their numbers newest first, and the event of the newest one's creation."""
    client, service = (await new_client(org))["publicId"], (await new_service(org))["publicId"]
    orders = [await new_order(org, client, service) for _ in range(6)]
    (row,) = await org.rows("select id from events where type = 'order.created' order by id desc limit 1")
    numbers = [order["number"] for order in reversed(orders)]
    return Board(client, service, orders[-1]["publicId"], encode("event", row["id"]), numbers)


async def seen_by(program: str, org: Org, board: Board) -> Any:
    """What a client saw of a board while it paged, moved the newest order, was refused, and listened."""
    return await answer_of(
        f"build/{program}.js", org, COUNTERFOIL_CLIENT=board.client, COUNTERFOIL_SERVICE=board.service,
        COUNTERFOIL_ORDER=board.order, COUNTERFOIL_AFTER=board.created,
    )  # fmt: skip


# A page that watches an order shows the move before the server answers, and takes back what is refused.
SHOWN = ["PENDING 1", "SUBMITTED 1", "SUBMITTED 2", "COMPLETED 2", "SUBMITTED 2"]
# A hash that nobody knows, then the text with it, then another client's hash.
PERSISTED = ["GET", "POST text", "GET"]


@pytest.mark.usefixtures("clients")
async def test_apollo_client(acme: Org) -> None:
    board = await new_board(acme)
    assert await seen_by("apollo", acme, board) == {
        "pages": {"numbers": board.numbers, "total": 6},
        "moves": {"shown": SHOWN, "refused": "INVALID_TRANSITION"},
        "hears": {"heard": ["SUBMITTED", "IN_PROGRESS"], "once": True, "shown": "IN_PROGRESS"},
        "persisted": PERSISTED,
    }


@pytest.mark.usefixtures("clients")
async def test_urql_with_graphcache(acme: Org) -> None:
    board = await new_board(acme)
    assert await seen_by("urql", acme, board) == {
        "pages": {"numbers": board.numbers, "total": 6},
        "moves": {"shown": SHOWN, "refused": "INVALID_TRANSITION"},
        "hears": {"heard": ["SUBMITTED", "IN_PROGRESS"], "shown": "IN_PROGRESS"},
        "persisted": ["GET", "GET text", "GET"],
        "missed": [],
    }


@pytest.mark.usefixtures("clients")
async def test_relay(acme: Org) -> None:
    board = await new_board(acme)
    assert await seen_by("relay", acme, board) == {
        "pages": {"middle": board.numbers[2:4], "all": board.numbers},
        "edges": {"placed": [board.numbers[0] + 1, *board.numbers], "deleted": board.numbers},
        "moves": {"optimistic": "SUBMITTED", "answered": "SUBMITTED", "tried": "COMPLETED", "refused": "SUBMITTED"},
        "hears": {"heard": ["SUBMITTED", "IN_PROGRESS"], "shown": "IN_PROGRESS"},
        "refetched": board.numbers[:3],
    }
