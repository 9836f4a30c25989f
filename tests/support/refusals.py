"""What tests of refusals share: documents, APIs, and proof that nothing changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.support.api import Org
from tests.support.domains import ALL

CREATE = "mutation($input: CreateClientInput!) { createClient(input: $input) { client { id version } } }"
UPDATE = "mutation($input: UpdateClientInput!) { updateClient(input: $input) { client { id company version } } }"
TRANSITION = """mutation($input: TransitionOrderInput!) {
  transitionOrder(input: $input) { order { id status version } } }"""
TABLES = (
    *(case.table for case in ALL.values()), "events", "deliveries", "audit_changes", "search_words",
    "tag_uses", "idempotency_records", "invoice_lines", "invoice_payments",
    "subscription_periods", "subscription_changes", "report_rows", "agent_definition_versions", "agent_steps",
    "agent_budgets", "app_versions", "trusted_documents", "app_documents",
)  # fmt: skip


@asynccontextmanager
async def unchanged(org: Org) -> AsyncIterator[None]:
    """No table of the organization has other rows or newer versions after the block than before it."""
    before = await _state(org)
    yield
    assert await _state(org) == before


# Each table's rows, and the sum of their versions.
_STATE = " union all ".join(
    f"select '{table}', count(*), sum((to_jsonb(t) ->> 'version')::int) from {table} t" for table in TABLES
)


async def _state(org: Org) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in await org.rows(_STATE))


def problem(answer: httpx.Response, status: int, code: str, *fields: str) -> dict[str, Any]:
    """The problem of a REST answer, which must be this one."""
    assert answer.headers.get("content-type") == "application/problem+json", (answer.status_code, answer.text)
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), answer.text
    assert body["requestId"] == answer.headers["x-request-id"]
    assert body["type"] == f"urn:counterfoil:problem:{code.lower().replace('_', '-')}"
    assert [part["field"] for part in body["errors"]] == list(fields), answer.text
    return body


def error(answer: httpx.Response, status: int, code: str, *fields: str) -> dict[str, Any]:
    """The first error's extensions of a GraphQL answer, all of whose errors must have this code and these fields."""
    errors = answer.json().get("errors")
    assert errors, (answer.status_code, answer.text)
    found = [each["extensions"] for each in errors]
    assert answer.status_code == status, answer.text
    assert {each["code"] for each in found} == {code}, answer.text
    if fields:
        assert [each.get("field") for each in found] == list(fields), answer.text
    first: dict[str, Any] = found[0]
    assert first["requestId"] == answer.headers["x-request-id"]
    return first


# The words of the language that the server is written in, and of its libraries: no caller knows them.
FOREIGN = ("None", "Maybe", "0x", "object at", "<", "StrawberryOptional", "Input should be")


def no_foreign_words(answer: httpx.Response) -> None:
    """No message of a GraphQL answer has them."""
    for each in answer.json()["errors"]:
        assert not [word for word in FOREIGN if word in each["message"]], each
