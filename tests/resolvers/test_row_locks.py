"""Locks of rows: who changes one stops nobody from making another that refers to it, however long that takes."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from models.catalogue import TABLES
from models.typeid import decode
from resolvers import organizations
from resolvers.changes.edits import begin_edit
from resolvers.collections.rows import Key
from resolvers.orders import ORDERS
from resolvers.webhooks import batches
from resolvers.webhooks.collections import WEBHOOKS
from tests.support.api import Org, new_client, new_order
from tests.support.repository import ROOT
from tests.support.webhooks import new_webhook

# Who may lock rows FOR UPDATE, and of which table: nothing refers to its rows.
WHOLE = {
    "agent_jobs/budgets._locked": "agent_budgets",
    "agent_jobs/job_subject._lock_runs": "jobs",
    "jobs/mutations._change": "jobs",
    "jobs/claims._claim": "jobs",
    "jobs/claims._lock": "jobs",
    "jobs/claims._lock_some": "jobs",
    "settings._locked": "org_settings",
    "webhooks/cancelling._cancel": "deliveries",
    "webhooks/cancelling._queued": "jobs",
    "webhooks/redeliveries._free_job": "jobs",
    "webhooks/redeliveries.locked_delivery": "deliveries",
}


def _locks() -> Iterator[tuple[str, dict[str, str]]]:
    """Each lock of rows in the resolvers and the workers: the function that takes it, and its options."""
    for room in ("resolvers", "workers"):
        for path in sorted((ROOT / room).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for function in (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)):
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".with_for_update"):
                        options = {str(each.arg): ast.unparse(each.value) for each in node.keywords}
                        yield f"{path.relative_to(ROOT / room).with_suffix('')}.{function.name}", options


def test_a_change_locks_no_row_against_those_that_refer_to_it() -> None:
    referred = {key.referred_table.name for table in TABLES for key in table.foreign_key_constraints}
    assert {"clients", "webhook_endpoints"} <= referred
    assert {name: table for name, table in WHOLE.items() if table in referred} == {}
    found = list(_locks())
    assert {name for name, options in found if not {"key_share", "read"} & {*options}} == {*WHOLE}
    assert [name for name, options in found if options.get("key_share") == "not deletes"] == [
        "collections/rows._locked"
    ]


@pytest.mark.parametrize("how", ["its deliveries are recorded", "it is changed"])
async def test_an_endpoint_whose_worker_is_frozen_stops_no_change_of_others(acme: Org, how: str) -> None:
    hook = (await new_webhook(acme))["publicId"]
    ctx = organizations.command_line(acme.runtime, acme.id)
    async with ctx.transaction():
        if how == "it is changed":
            await begin_edit(ctx, WEBHOOKS, Key(hook))
        else:
            moment = datetime.now(UTC)
            rows = await ctx.fetch(batches._succeed(), ids=[decode("webhook", hook)], versions=[1], moment=moment)
            assert len(rows) == 1
        await new_client(acme)
    assert await acme.count("deliveries") == 1


async def test_an_order_that_is_being_changed_takes_messages(acme: Org) -> None:
    order = (await new_order(acme))["publicId"]
    ctx = organizations.command_line(acme.runtime, acme.id)
    async with ctx.transaction():
        await begin_edit(ctx, ORDERS, Key(order))
        body = {"orderId": order, "authorName": "Zoë", "body": "Hello"}
        assert (await acme.http.post("/api/v1/messages", json=body)).status_code == 201
