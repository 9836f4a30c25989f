"""The npm packages graphql-sse and graphql-ws as clients, which change between them without a gap or a double."""

import json
from pathlib import Path

import pytest

from models.typeid import encode
from tests.support.api import Org, new_client
from tests.support.node import installed, run

PROJECT = Path(__file__).parents[2] / "clients"
LEAST_NODE = 20


@pytest.fixture
async def node_modules() -> None:
    await installed(PROJECT, least=LEAST_NODE, wanted="the clients of graphql-sse and graphql-ws")


@pytest.mark.usefixtures("node_modules")
async def test_both_clients_in_turn(acme: Org, api: str) -> None:
    for _ in range(7):
        await new_client(acme)
    first, *made = [encode("event", row["id"]) for row in await acme.rows("select id from events order by id")]
    environment = {"COUNTERFOIL_URL": f"{api}/graphql", "COUNTERFOIL_KEY": acme.key, "COUNTERFOIL_AFTER": first}
    answer = json.loads(await run(PROJECT, "node", "live.mjs", **environment))
    (*_, last) = [encode("event", row["id"]) for row in await acme.rows("select id from events order by id")]
    assert answer == {"ids": made, "bySse": [last], "byWs": [last], "refused": [400, "BAD_INPUT"]}
