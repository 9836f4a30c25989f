"""What the measured requests cost: a fixed number of statements, however many rows they find."""

import httpx

from bench.data import fill, listen
from bench.workloads import workloads
from resolvers.database.runtime import Runtime
from server.dev.demo_rows import Size

FEW = Size(clients=2, orders=3, messages=12)
MANY = Size(clients=40, orders=400, messages=4_000)
STATEMENTS = {"W1": 2, "W2": 1, "W3": 2, "W4": 1, "W5": 1, "W6": 2, "W7": 6}


async def counted(runtime: Runtime, base: str, seed: int, size: Size) -> dict[str, int]:
    """Each workload's statements, as the server tells them, in a new organization of a size."""
    filled = await fill(runtime, seed, size)
    await listen(runtime, filled.org_id)
    found = {}
    headers = {"Authorization": f"Bearer {filled.key}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(base_url=base, headers=headers) as http:
        for work in workloads(filled.sample):
            answer = await http.request(work.method, work.path, content=work.body)
            assert answer.status_code == work.status, answer.text
            assert "errors" not in answer.json()
            found[work.name] = int(answer.headers["Server-Timing"].removeprefix('sql;desc="').removesuffix('"'))
    return found


async def test_statements_do_not_grow_with_the_rows(api: str, api_runtime: Runtime) -> None:
    few = await counted(api_runtime, api, 1, FEW)
    many = await counted(api_runtime, api, 2, MANY)
    assert few == many == STATEMENTS
