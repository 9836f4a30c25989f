"""Long lists within the rows of an answer are written in turns, however the rows were reached."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from execution.plan import serializer
from execution.plan.nodes import SelectionPlan
from execution.plan.serializer import TURN_VALUES, SerializerState
from execution.run import serialization
from tests.support.api import Org, make_org, new_client, serving, settings_of
from tests.support.servers import Backends

FORM = "mutation($input: CreateFormInput!) { createForm(input: $input) { form { id } } }"
INVOICE = "mutation($input: CreateInvoiceInput!) { createInvoice(input: $input) { invoice { id } } }"
NAMES = " ".join(f"a{number}: %s" for number in range(29))
FIELDS, LINES, PLACES = 50, 1_000, 10


class Written:
    """How many values are written in all, and at most between two turns of others."""

    def __init__(self) -> None:
        self.whole = self.now = self.most = 0
        self._serialize = serializer.serialize

    def serialize(self, selection: SelectionPlan, rows: Sequence[Any], state: SerializerState) -> list[dict[str, Any]]:
        """Serialize as ever, and count."""
        self.now += len(rows) * len(selection.fields)
        self.whole += len(rows) * len(selection.fields)
        self.most = max(self.most, self.now)
        return self._serialize(selection, rows, state)

    async def others(self) -> None:
        """Have one turn after another."""
        while True:
            self.now = 0
            await asyncio.sleep(0)


async def _made(org: Org, text: str, **given: Any) -> str:
    answer = (await org.graphql(text, input=given)).json()
    assert "errors" not in answer
    return str(next(iter(next(iter(answer["data"].values())).values()))["id"])


async def _form(org: Org) -> str:
    fields = [{"key": f"k{n}", "label": "L", "type": "SELECT", "options": ["a", "b"]} for n in range(FIELDS)]
    return await _made(org, FORM, name="F", fields=fields)


async def _invoice(org: Org) -> str:
    lines = [{"description": "L", "quantity": 1, "unitPrice": 1}] * LINES
    return await _made(org, INVOICE, clientId=(await new_client(org))["publicId"], currency="EUR", lines=lines)


@pytest.mark.parametrize(
    ("make", "selected", "length"),
    [
        (_form, f"... on Form {{ fields {{ {NAMES % (('options',) * 29)} }} }}", FIELDS),
        (_invoice, f"... on Invoice {{ lines {{ {NAMES % (('quantity',) * 29)} }} }}", LINES),
        (
            _invoice,
            "... on Invoice { client { invoices(first: 1) { nodes { lines {"
            f" {NAMES % (('quantity',) * 29)} }} }} edges {{ node {{ id }} }} }} }} }}",
            LINES,
        ),
    ],
    ids=["a form's fields", "an invoice's lines", "a page of invoices"],
)
async def test_others_have_turns_while_long_lists_are_written(
    monkeypatch: pytest.MonkeyPatch, backends: Backends, api_runtime: Any, make: Any, selected: str, length: int
) -> None:
    written = Written()
    settings = settings_of(backends, rate_bucket=10**9, rate_refill=10**6)
    async with serving(settings, compare=False) as base:
        org = await make_org(api_runtime, base)
        key = await make(org)
        monkeypatch.setattr(serializer, "serialize", written.serialize)
        monkeypatch.setattr(serialization, "serialize", written.serialize)
        beside = asyncio.create_task(written.others())
        text = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ {selected} }} }}"
        answer = await org.graphql(text, ids=[key] * PLACES)
        beside.cancel()
        await org.http.aclose()
    assert "errors" not in answer.json()
    assert written.whole >= PLACES * length * 29
    assert written.most <= TURN_VALUES + 2 * length * 29
