"""How our server's figures grow: with the page, the organization, the connections, and the requests it has answered."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.data import MEASURED, SMALL, Filled, fill
from bench.large import enlarge
from bench.load import CONNECTIONS, Generator, generating
from bench.measure import turns
from bench.plot import Panel, Point, drawn
from bench.server import Server, serving, settings_of, settle
from bench.workloads import nested, workloads
from server.wiring import running

PAGES = (1, 2, 5, 10, 20, 50, 100)
ORDERS = (1_000, 10_000, 100_000, 1_000_000)
CONNECTED = (1, 2, 4, 8, 16, 32, 64, 128, 256)
REQUESTS = 100_000
# What the memory is watched under: every reading workload, most often the quickest.
MIXED = ("W5",) * 11 + ("W4", "W3", "W3", "W2", "W1")


@dataclass(frozen=True, slots=True)
class Growth:
    """The points of each curve: x, then requests/s (or MB of memory)."""

    w1_by_page_size: list[Point]
    w1_by_orders: list[Point]
    w2_by_connections: list[Point]
    w5_by_connections: list[Point]
    megabytes_by_requests: list[Point]


async def _by_page(generator: Generator, server: Server, filled: Filled, seconds: float) -> list[Point]:
    loads = {}
    for size in PAGES:
        request = nested(size).request("127.0.0.1", filled.key)
        loads[str(size)] = (server, [request] * CONNECTIONS, 200)
    found = await turns(generator, loads, seconds)
    return [(size, found[str(size)].outcome.rate) for size in PAGES]


async def _by_orders(
    generator: Generator, server: Server, organizations: Sequence[Filled], seconds: float
) -> list[Point]:
    loads = {
        str(orders): (server, [nested(50).request("127.0.0.1", each.key)] * CONNECTIONS, 200)
        for orders, each in zip(ORDERS, organizations, strict=True)
    }
    found = await turns(generator, loads, seconds)
    return [(orders, found[str(orders)].outcome.rate) for orders in ORDERS]


async def _by_connections(generator: Generator, server: Server, request: bytes, seconds: float) -> list[Point]:
    loads = {str(number): (server, [request] * number, 200) for number in CONNECTED}
    found = await turns(generator, loads, seconds)
    return [(number, found[str(number)].outcome.rate) for number in CONNECTED]


async def _memory(generator: Generator, server: Server, requests: Mapping[str, bytes]) -> list[Point]:
    mixed = [requests[name] for name in MIXED]
    answered, points = 0, [(0.0, server.resident() / 1e6)]
    while answered < REQUESTS:
        answered += len((await generator.drive(server.port, mixed, 200, 2.0)).latencies)
        points.append((answered, server.resident() / 1e6))
    return points


async def growth(environment: dict[str, str], folder: Path, seconds: float, note: Callable[[str], None]) -> Growth:
    """Fill, measure and sample; about five minutes. ``seconds`` is how long each point is measured."""
    note(f"== Filling organizations of {', '.join(f'{orders:,}' for orders in ORDERS)} orders")
    async with running(settings_of(environment), min_size=1, max_size=1) as runtime:
        measured = await fill(runtime, 0, MEASURED)
        organizations = [await fill(runtime, index + 1, SMALL) for index in range(len(ORDERS))]
    for orders, each in zip(ORDERS, organizations, strict=True):
        enlarge(environment, each.org_id, orders)
    settle(environment)
    requests = {each.name: each.request("127.0.0.1", measured.key) for each in workloads(measured.sample)}
    async with generating() as generator, serving("ours", environment, folder) as server:
        note(f"== Memory over {REQUESTS:,} requests")
        memory = await _memory(generator, server, requests)
        note("== W1 by page size")
        pages = await _by_page(generator, server, measured, seconds)
        note("== W1 by orders in the organization")
        orders_found = await _by_orders(generator, server, organizations, seconds)
        note("== W2 and W5 by connections")
        second = await _by_connections(generator, server, requests["W2"], seconds)
        fifth = await _by_connections(generator, server, requests["W5"], seconds)
    return Growth(pages, orders_found, second, fifth, memory)


def write(found: Growth, folder: Path) -> None:
    """``growth.json`` with the points, ``growth.svg`` with the curves."""
    folder.mkdir(parents=True, exist_ok=True)
    points = {name: [[x, round(y, 1)] for x, y in series] for name, series in asdict(found).items()}
    (folder / "growth.json").write_text(json.dumps(points, indent=1) + "\n", encoding="utf-8")
    rate = "requests/s"
    panels = [
        Panel("W1 by page size", "clients on the page, 5 orders each", rate, {"W1": found.w1_by_page_size}),
        Panel("W1 by size of the organization", "orders in the organization", rate, {"W1": found.w1_by_orders}),
        Panel("Throughput by connections", "connections", rate,
              {"W2": found.w2_by_connections, "W5": found.w5_by_connections}),
        Panel("Memory of the server process", "requests answered", "MB", {"resident": found.megabytes_by_requests},
              logarithmic=False),
    ]  # fmt: skip
    (folder / "growth.svg").write_text(drawn(panels), encoding="utf-8")
