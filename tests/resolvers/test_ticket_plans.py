"""Tickets of an organization that has many: breaches, and those of nobody, are found by their index."""

from typing import Any

import pytest

from resolvers.database.runtime import Runtime
from schema.requests.engine import Engine
from tests.support.api import Org
from tests.support.plans import explained, scans

ENGINE = Engine()
# Of 5,000 tickets five wait since they were due, five were answered late, five have no assignee.
MANY = """insert into tickets (org_id, id, version, updated_at, metadata, tags, number, subject, status, priority,
  assignee_id, first_response_due_at, first_response_at)
  select $1, gen_random_uuid(), 1, now(), '{}', '{}', n, 'many', 'OPEN', 'NORMAL',
    case when n % 1000 > 2 then m.id end,
    case when n % 1000 = 1 then now() - interval '1 day' else now() + interval '1 day' end,
    case when n % 1000 = 2 then now() + interval '2 days' when n % 1000 > 2 then now() end
  from generate_series(1, 5000) n, members m"""
LATE = "update tickets set first_response_due_at = now() - interval '1 hour' where number % 1000 = 2"
LIST = "query($f: TicketFilter) { tickets(first: 100, filter: $f) { nodes { id } totalCount } }"


@pytest.mark.parametrize(
    ("condition", "index", "number"),
    [
        ({"breached": {"eq": True}}, "tickets_breach_idx", 10),
        ({"assigneeId": {"isNull": True}}, "tickets_assignee_idx", 15),
    ],
)
async def test_few_tickets_are_found_by_their_index(
    acme: Org, api_runtime: Runtime, condition: dict[str, Any], index: str, number: int
) -> None:
    new = 'mutation { createMember(input: {name: "Mia", email: "mia@example.com"}) { member { id } } }'
    await acme.data(new)
    await acme.rows(MANY, acme.id)
    await acme.rows(LATE)
    ctx = explained(api_runtime, acme.id, "analyze", "timing off")
    prepared = ENGINE.measure(LIST, None, {"f": condition})
    ENGINE.validate(prepared, None)
    answer = await ENGINE.run(ctx, prepared)
    assert answer.data is not None, answer.errors
    found = answer.data["tickets"]
    assert (len(found["nodes"]), found["totalCount"]) == (number, number)
    for text, plan in ctx.plans:
        run = [scan for scan in scans(plan) if scan["Actual Loops"] and scan.get("Relation Name") == "tickets"]
        assert any(scan["Index Name"] == index for scan in run), text
        # Those that are looked for, and no other.
        assert max(scan["Actual Rows"] * scan["Actual Loops"] for scan in run) <= number, text
        assert sum(scan.get("Rows Removed by Filter", 0) for scan in run) == 0, text
