"""Lines of invoices: as many as there may be, texts as they are, and lists that hold more than comes at once."""

import pytest

from models.invoices import MAX_LINES
from models.types import MAX_SAFE_INTEGER
from resolvers.database.loaded import WIDE_ROWS_AT_ONCE
from tests.support.api import Org, new_client
from tests.support.invoices import LINE, changed, new_invoice
from tests.support.refusals import error, problem, unchanged

TEXTS = [
    "<b>bold</b>",
    "#set page(width: 1pt)",
    "$x^2$ \\ *strong* _emph_ `raw`",
    "日本語 עברית 😀",
    "a\tb\nc",
    "x" * 500,
]


async def test_a_thousand_lines_are_taken_and_one_more_is_not(acme: Org) -> None:
    client = (await new_client(acme))["publicId"]
    lines = [
        {"description": f"Line {n}", "quantity": "0.5", "unitPrice": n, "taxRate": f"{n % 100}.5"}
        for n in range(MAX_LINES)
    ]
    made = await new_invoice(acme, client, lines=lines, discount=1)
    assert len(made["lines"]) == MAX_LINES
    assert [each["description"] for each in made["lines"]] == [each["description"] for each in lines]
    assert (len(made["taxes"]), made["subtotal"]) == (100, sum((n + 1) // 2 for n in range(MAX_LINES)))
    kept = (await acme.http.get(f"/api/v1/invoices/{made['publicId']}")).json()["data"]
    assert kept == made
    async with unchanged(acme):
        body = {"clientId": client, "lines": [*lines, LINE]}
        details = problem(await acme.http.post("/api/v1/invoices", json=body), 400, "BAD_INPUT", "body.lines")
        assert (details["errors"][0]["code"], details["errors"][0]["limit"]) == ("TOO_LONG", MAX_LINES)
        # All that is wrong is named, up to 50.
        wrong = [LINE | {"taxRate": "1000"}] * 60
        answer = await acme.http.put(f"/api/v1/invoices/{made['publicId']}", json={"lines": wrong})
        problem(answer, 400, "BAD_INPUT", *(f"body.lines.{n}.taxRate" for n in range(50)))
    opened = await changed(acme, made["publicId"], status="OPEN")
    assert opened["lines"] == made["lines"]


async def test_texts_come_out_as_they_went_in(acme: Org) -> None:
    made = await new_invoice(acme, lines=[LINE | {"description": text} for text in TEXTS])
    assert [each["description"] for each in made["lines"]] == TEXTS


async def test_a_list_of_more_than_comes_at_once_is_whole(acme: Org) -> None:
    client = (await new_client(acme))["publicId"]
    made = [await new_invoice(acme, client, lines=[LINE] * (n % 3)) for n in range(2 * WIDE_ROWS_AT_ONCE + 3)]
    listed = (await acme.http.get("/api/v1/invoices")).json()["data"]
    assert listed == made[::-1]
    first = (await acme.http.get("/api/v1/invoices?limit=17&sort=createdAt")).json()
    assert first["data"] == made[:17]
    query = """query($id: ID!) { client(id: $id) { invoices(first: 19) { nodes {
      id lines { amount } payments { amount } } } } }"""
    nodes = (await acme.data(query, id=client))["client"]["invoices"]["nodes"]
    assert [len(node["lines"]) for node in nodes] == [len(each["lines"]) for each in made[::-1]]
    several = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Invoice { id lines { amount } } } }"
    found = (await acme.data(several, ids=[each["publicId"] for each in made]))["nodes"]
    assert [len(node["lines"]) for node in found] == [len(each["lines"]) for each in made]


@pytest.mark.parametrize(
    ("literal", "quantity"),
    [
        ("1.50", "1.5"),
        ('"1.50"', "1.5"),
        ("3", "3"),
        ("999999999999.9999", "999999999999.9999"),
        ('"0.0001"', "0.0001"),
    ],
)
async def test_a_literal_number_is_exact(acme: Org, literal: str, quantity: str) -> None:
    client = (await new_client(acme))["publicId"]
    text = f"""mutation {{ createInvoice(input: {{clientId: "{client}", lines: [{{description: "x", unitPrice: 0,
      quantity: {literal}}}]}}) {{ invoice {{ lines {{ quantity }} }} }} }}"""
    assert (await acme.data(text))["createInvoice"]["invoice"]["lines"] == [{"quantity": quantity}]


async def test_an_amount_beyond_the_bound_is_refused(acme: Org) -> None:
    client = (await new_client(acme))["publicId"]
    line = {"description": "x", "unitPrice": MAX_SAFE_INTEGER, "quantity": "999999999999.9999"}
    async with unchanged(acme):
        answer = await acme.http.post("/api/v1/invoices", json={"clientId": client, "lines": [line]})
        refused = problem(answer, 400, "BAD_INPUT", "body.lines.0.quantity")["errors"][0]
        assert (refused["code"], refused["maximum"]) == ("OUT_OF_RANGE", "1")


async def test_a_number_that_a_binary_one_may_not_hold_is_refused(acme: Org) -> None:
    client = (await new_client(acme))["publicId"]
    text = "mutation($input: CreateInvoiceInput!) { createInvoice(input: $input) { invoice { id } } }"
    async with unchanged(acme):
        given = {"clientId": client, "lines": [LINE | {"quantity": 999_999_999_999.9998}]}
        details = error(await acme.graphql(text, input=given), 200, "BAD_INPUT", "input.lines.0.quantity")
        assert details["reason"] == "INVALID_FORMAT"
