"""Empty selection sets, of the edition of September 2026: guarded, planned and compared as others are."""

import pytest

from schema.requests.engine import Engine
from tests.support.api import Org
from tests.support.refusals import error, unchanged
from tests.support.studio import LAX, Studio, answered

ORDER, CLIENT = "{order}", "{client}"
DOCUMENTS = {
    "{ }": {},
    "query Q { ... { } ...F } fragment F on Query { }": {},
    "{ clients { } }": {"clients": {}},
    "{ clients(first: 2) { nodes { } edges { } pageInfo { } } }": {
        "clients": {"nodes": [{}, {}], "edges": [{}, {}], "pageInfo": {}}
    },
    "{ clients(first: 1) { edges { node { } } } }": {"clients": {"edges": [{"node": {}}]}},
    f'{{ order(id: "{ORDER}") {{ client {{ }} service {{ }} messages(first: 1) {{ nodes {{ }} }} }} }}': {
        "order": {"client": {}, "service": {}, "messages": {"nodes": [{}]}}
    },
    f'{{ node(id: "{CLIENT}") {{ }} nodes(ids: ["{CLIENT}", "client_x"]) {{ ... on Order {{ id }} }} }}': {
        "node": {},
        "nodes": [{}, None],
    },
    '{ client(id: "client_01m8cr2xe3ek8baqkh6szm1xhk") { } }': {"client": None},
    "{ viewer { organization { } } __schema { } health { } }": {
        "viewer": {"organization": {}}, "__schema": {}, "health": {},
    },
}  # fmt: skip


@pytest.mark.parametrize("text", DOCUMENTS)
async def test_an_empty_selection_is_an_empty_object_as_in_graphql_core(studio: Studio, text: str) -> None:
    found = {each.partition("_")[0]: each for each in studio.ids}
    asked = text.replace(ORDER, found["order"]).replace(CLIENT, found["client"])
    answer, _ = await answered(studio, Engine(LAX, compare=True), asked, {})
    assert (answer.errors, answer.data) == ([], DOCUMENTS[text])


async def test_what_is_asked_for_nothing_needs_its_scope(acme: Org) -> None:
    weak = acme.holding(await acme.new_key("services:read"))
    async with unchanged(acme):
        for text in ("{ clients { } }", '{ order(id: "x") { } }', 'mutation { deleteClient(input: {id: "x"}) { } }'):
            error(await weak.graphql(text), 403, "FORBIDDEN")


async def test_a_mutation_may_ask_for_nothing(acme: Org) -> None:
    created = 'createClient(input: {name: "Ada", email: "ada@example.com"})'
    assert await acme.data(f"mutation {{ {created} {{ }} }}") == {"createClient": {}}
    assert await acme.count("clients") == 1
    async with unchanged(acme):
        assert await acme.data("mutation { }") == {}


@pytest.mark.parametrize("directive", ["@defer", "@stream"])
async def test_incremental_delivery_stays_out_while_it_is_pending(acme: Org, directive: str) -> None:
    where = f"... {directive} {{ nodes {{ id }} }}" if directive == "@defer" else f"nodes {directive} {{ id }}"
    async with unchanged(acme):
        error(await acme.graphql(f"{{ clients {{ {where} }} }}"), 200, "GRAPHQL_VALIDATION_FAILED")
