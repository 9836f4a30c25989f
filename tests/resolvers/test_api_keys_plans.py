"""API keys of an organization that has many: the filter by status and a revocation read what they look for."""

from typing import Any

import pytest

from models.typeid import decode
from resolvers.api_keys import mutations
from resolvers.collections.rows import Key
from resolvers.database.runtime import Runtime
from schema.requests.engine import Engine
from tests.support.api import Org
from tests.support.plans import explained, keyed, scans

ENGINE = Engine()
MANY = """insert into api_keys (org_id, id, version, updated_at, name, digest, pepper_version, last_four, scopes,
  created_by, expires_at, revoked_at)
  select $1, gen_random_uuid(), 1, now(), 'many', '', 1, 'xxxx', '{*}', 'x',
    case when n % 1000 = 1 then now() - interval '1 day' end, case when n % 1000 = 2 then now() end
  from generate_series(1, 5000) n"""
LIST = "query($f: ApiKeyFilter) { apiKeys(first: 100, filter: $f) { nodes { id } totalCount } }"


@pytest.mark.parametrize(
    ("condition", "number"),
    [
        ({"eq": "EXPIRED"}, 5),
        ({"in": ["REVOKED"]}, 5),
        ({"in": ["EXPIRED", "REVOKED"]}, 10),
        ({"notIn": ["ACTIVE"]}, 10),
    ],
)
async def test_few_keys_of_a_status_are_found_by_its_index(
    acme: Org, api_runtime: Runtime, condition: dict[str, Any], number: int
) -> None:
    await acme.rows(MANY, acme.id)
    ctx = explained(api_runtime, acme.id, "analyze", "timing off")
    prepared = ENGINE.measure(LIST, None, {"f": {"status": condition}})
    ENGINE.validate(prepared, None)
    answer = await ENGINE.run(ctx, prepared)
    assert answer.data is not None, answer.errors
    found = answer.data["apiKeys"]
    assert (len(found["nodes"]), found["totalCount"]) == (number, number)
    for text, plan in ctx.plans:
        run = [scan for scan in scans(plan) if scan["Actual Loops"] and scan.get("Relation Name") == "api_keys"]
        assert any(scan["Index Name"] == "api_keys_ends_idx" and "CASE" in scan["Index Cond"] for scan in run), text
        # Those that are looked for, and no other.
        assert max(scan["Actual Rows"] * scan["Actual Loops"] for scan in run) <= number, text
        assert sum(scan.get("Rows Removed by Filter", 0) for scan in run) == 0, text


async def test_a_revocation_looks_for_what_the_key_made(acme: Org, api_runtime: Runtime) -> None:
    await acme.rows(MANY, acme.id)
    made = await acme.data('mutation { createApiKey(input: {name: "x", scopes: ["*"]}) { apiKey { id } } }')
    key = made["createApiKey"]["apiKey"]["id"]
    await acme.rows("update api_keys set created_by_key = $1 where revoked_at is not null", decode("apikey", key))
    ctx = explained(api_runtime, acme.id)
    async with ctx.transaction():
        _, _, others = await mutations.revoke(ctx, Key(key))
    assert others == 0
    plans = [(text, plan) for text, plan in ctx.plans if "api_keys" in text]
    assert any("RECURSIVE" in text for text, _ in plans)
    for text, plan in plans:
        read = [scan for scan in scans(plan) if scan.get("Relation Name") == "api_keys" and not keyed(scan)]
        assert [scan.get("Index Name") for scan in read] == [], text
