"""Whether the servers do the same: equal answers to what reads, equal rows of what writes."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import httpx
import psycopg
from psycopg import sql

from bench.load import UnexpectedResponse
from bench.server import Server
from bench.workloads import Workload

# What an order leaves behind.
WRITTEN = (
    "orders", "search_words", "tag_uses", "audit_entries", "audit_changes", "events", "deliveries", "jobs",
)  # fmt: skip
# What differs from one order to the next.
FRESH = frozenset({"publicId", "number", "createdAt", "updatedAt"})


async def response_of(server: Server, workload: Workload, key: str) -> tuple[Any, int]:
    """The ``data`` of an answer and the rest of a REST page, and how many statements it says that it took (or 0).

    Raises UnexpectedResponse.
    """
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as http:
        got = await http.request(workload.method, workload.path, content=workload.body, headers=headers)
    found = got.json() if got.status_code == workload.status else {}
    if not found.get("data") or "errors" in found:
        raise UnexpectedResponse(f"{workload.name} of {server.name}: {got.status_code} {got.text[:500]}")
    shown = {name: value for name, value in found.items() if name != "extensions"}
    return shown, int(got.headers.get("Server-Timing", "").partition('desc="')[2].rstrip('"') or 0)


def counted(environment: Mapping[str, str], org_id: UUID) -> dict[str, int]:
    """How many rows an organization has in the tables that an order is written to."""
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute("select set_config('app.org_id', %s, false)", [str(org_id)])
        found = {}
        for table in WRITTEN:
            query = sql.SQL("select count(*) from {} where org_id = %s").format(sql.Identifier(table))
            row = connection.execute(query, [org_id]).fetchone()
            found[table] = int(row[0]) if row else 0
    return found


async def check(
    servers: Sequence[Server], workload: Workload, key: str, environment: Mapping[str, str], org_id: UUID
) -> int:
    """Ask all servers, and compare what they answer and write; how many statements the first took.

    Raises UnexpectedResponse where one differs from the first.
    """
    statements, first, wrote = 0, None, None
    for index, server in enumerate(servers):
        before = counted(environment, org_id) if workload.writes else {}
        found, took = await response_of(server, workload, key)
        after = counted(environment, org_id) if workload.writes else {}
        rows = {table: after[table] - before[table] for table in after}
        if workload.writes:
            found = {name: value for name, value in found["data"].items() if name not in FRESH} | {
                "names": list(found["data"])
            }
        if index == 0:
            statements, first, wrote = took, found, rows
        elif found != first:
            raise UnexpectedResponse(f"{workload.name}: {server.name} answers {found!r:.300}, not {first!r:.300}")
        elif rows != wrote:
            raise UnexpectedResponse(f"{workload.name}: {server.name} writes {rows}, not {wrote}")
    return statements
