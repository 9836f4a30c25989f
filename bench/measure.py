"""Measures each workload on every server, in turns, so that what else the machine does falls on all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.data import Filled
from bench.equal import check
from bench.load import CONNECTIONS, Generator, Outcome
from bench.server import Server
from bench.workloads import Workload, create_order, workloads

WARM_SECONDS = 0.5
ROUNDS = 3


@dataclass(slots=True)
class Measured:
    """What one server made of a workload: the load's outcome, and the CPU milliseconds that a request took it."""

    outcome: Outcome
    cpu_ms: float


@dataclass(slots=True)
class Comparison:
    """A workload, the SQL statements that ours takes for it, and what each server made of it."""

    workload: Workload
    statements: int
    by: dict[str, Measured] = field(default_factory=dict)


async def turns(
    generator: Generator, loads: Mapping[str, tuple[Server, list[bytes], int]], seconds: float, rounds: int = ROUNDS
) -> dict[str, Measured]:
    """Drive several loads (server, requests, status) for so many seconds each, split into rounds."""
    found: dict[str, Outcome] = {}
    cpu = dict.fromkeys(loads, 0.0)
    for server, requests, status in loads.values():
        await generator.drive(server.port, requests, status, WARM_SECONDS)
    for _ in range(rounds):
        for name, (server, requests, status) in loads.items():
            before = server.cpu()
            outcome = await generator.drive(server.port, requests, status, seconds / rounds)
            cpu[name] += server.cpu() - before
            found[name] = found[name] + outcome if name in found else outcome
    return {name: Measured(each, cpu[name] * 1000 / len(each.latencies)) for name, each in found.items()}


async def measure(
    generator: Generator, servers: Sequence[Server], filled: Filled, environment: Mapping[str, str],
    only: Sequence[str], seconds: float, note: Callable[[str], None],
) -> list[Comparison]:  # fmt: skip
    """Every workload: first whether the servers answer alike, then how fast. Raises UnexpectedResponse."""
    rows = []
    for workload in workloads(filled.sample):
        if only and workload.name not in only:
            continue
        note(f"== {workload.name}: {workload.meaning}")
        asked = [server for server in servers if workload.stock or server.name != "stock"]
        statements = await check(asked, workload, filled.key, environment, filled.org_id)
        requests = [workload.request("127.0.0.1", filled.key)] * CONNECTIONS
        loads = {server.name: (server, requests, workload.status) for server in asked}
        rows.append(Comparison(workload, statements, await turns(generator, loads, seconds)))
    return rows


async def compare(
    generator: Generator, servers: Sequence[Server], asked: Sequence[Workload], key: str, seconds: float
) -> list[Comparison]:
    """Some workloads on some servers, in turns, whatever they answer."""
    rows = []
    for workload in asked:
        requests = [workload.request("127.0.0.1", key)] * CONNECTIONS
        loads = {server.name: (server, requests, workload.status) for server in servers}
        rows.append(Comparison(workload, 0, await turns(generator, loads, seconds)))
    return rows


async def contention(generator: Generator, server: Server, one: Filled, many: Sequence[Filled], seconds: float) -> str:
    """Orders created in one organization by all connections, against one organization for each connection."""
    alone, spread = (
        [create_order(each.sample).request("127.0.0.1", each.key) for each in organizations]
        for organizations in ([one] * CONNECTIONS, many)
    )
    loads = {"alone": (server, alone, 201), "spread": (server, spread, 201)}
    rates = {name: each.outcome.rate for name, each in (await turns(generator, loads, seconds * ROUNDS)).items()}
    return (
        f"{CONNECTIONS} connections create orders: {rates['alone']:.0f}/s in one organization, "
        f"{rates['spread']:.0f}/s in {len(many)}: ratio {rates['alone'] / rates['spread']:.2f}"
    )
