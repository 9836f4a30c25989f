"""`python -m bench`: the table on standard output, progress on standard error."""

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import uvloop

from bench.data import MEASURED, ORGANIZATIONS, SMALL, Filled, fill, listen
from bench.load import CONNECTIONS, Outcome, UnexpectedAnswer, drive, drive_wrk
from bench.server import URLS, database, serving, settings_of, settle
from bench.workloads import Workload, create_order, workloads
from server.wiring import running

WARM_SECONDS = 1.0
ROUNDS = 3
Measured = list[tuple[Workload, int, Outcome]]


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def probe(port: int, workload: Workload, key: str) -> int:
    """Check the answer, and count its statements. Raises UnexpectedAnswer."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        headers = {"Authorization": f"Bearer {key}"}
        if workload.body:
            headers["Content-Type"] = "application/json"
        answer = await http.request(workload.method, workload.path, content=workload.body, headers=headers)
        if answer.status_code != workload.status or "errors" in answer.json():
            raise UnexpectedAnswer(f"{workload.name}: {answer.status_code} {answer.text[:500]}")
    return int(answer.headers["Server-Timing"].partition('desc="')[2].rstrip('"'))


async def _measure(port: int, filled: Filled, only: Sequence[str], seconds: float) -> Measured:
    wrk = shutil.which("wrk")
    found: Measured = []
    for workload in workloads(filled.sample):
        if only and workload.name not in only:
            continue
        _note(f"== {workload.name}: {workload.meaning}")
        statements = await probe(port, workload, filled.key)
        requests = [workload.request(f"127.0.0.1:{port}", filled.key)] * CONNECTIONS
        await drive(port, requests, workload.status, WARM_SECONDS)
        if wrk:
            outcome = await drive_wrk(wrk, port, workload, filled.key, seconds)
        else:
            outcome = await drive(port, requests, workload.status, seconds)
        found.append((workload, statements, outcome))
    return found


async def _contention(port: int, one: Filled, many: Sequence[Filled], seconds: float) -> str:
    host = f"127.0.0.1:{port}"
    alone, spread = (
        [create_order(each.sample).request(host, each.key) for each in organizations]
        for organizations in ([one] * CONNECTIONS, many)
    )
    for requests in (alone, spread):
        await drive(port, requests, 201, WARM_SECONDS)
    rates = {"alone": 0.0, "spread": 0.0}
    # In turns, so that what else the machine does falls on both.
    for _ in range(ROUNDS):
        for name, requests in (("alone", alone), ("spread", spread)):
            rates[name] += (await drive(port, requests, 201, seconds)).rate / ROUNDS
    return (
        f"{CONNECTIONS} connections create orders: {rates['alone']:.0f}/s in one organization, "
        f"{rates['spread']:.0f}/s in {len(many)}: ratio {rates['alone'] / rates['spread']:.2f}"
    )


def _heading(postgres: str) -> str:
    embedded = not any(os.environ.get(name) for name in URLS)
    where = "embedded, without fsync" if embedded else "as given"
    by = "wrk" if shutil.which("wrk") else "our own generator on asyncio, on the same cores"
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, PostgreSQL {postgres} "
        f"({where}); one server process, {CONNECTIONS} connections, load by {by}; {ORGANIZATIONS} organizations, "
        "the measured one with "
        f"{MEASURED.clients:,} clients, {MEASURED.orders:,} orders, {MEASURED.messages:,} messages."
    )


def _table(measured: Measured) -> str:
    lines = ["| Workload | Requests/s | p50 ms | p99 ms | SQL statements |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {work.name}: {work.meaning} | {out.rate:.0f} | {out.p50:.1f} | {out.p99:.1f} | {statements} |"
        for work, statements, out in measured
    ]
    return "\n".join(lines)


def _json(measured: Measured) -> str:
    found = {
        work.name: {
            "ours": round(out.rate, 1), "p50_ms": round(out.p50, 2), "p99_ms": round(out.p99, 2), "statements": count,
        }
        for work, count, out in measured
    }  # fmt: skip
    return json.dumps(found, indent=2) + "\n"


async def _run(arguments: argparse.Namespace, environment: dict[str, str]) -> None:
    sizes = [SMALL] * ORGANIZATIONS if arguments.contention else [MEASURED] + [SMALL] * (ORGANIZATIONS - 1)
    _note(f"== Filling {len(sizes)} organizations")
    async with running(settings_of(environment), least=1, most=1) as runtime:
        filled = [await fill(runtime, index, size) for index, size in enumerate(sizes)]
        if not arguments.contention:
            await listen(runtime, filled[0].org_id)
    postgres = settle(environment)
    async with serving(environment) as port:
        if arguments.contention:
            print(await _contention(port, filled[0], filled[1 : CONNECTIONS + 1], arguments.seconds))
            return
        measured = await _measure(port, filled[0], arguments.only, arguments.seconds)
    print(f"{_heading(postgres)}\n\n{_table(measured)}")
    if arguments.json:
        arguments.json.write_text(_json(measured))


def main() -> None:
    """Measure and print; a wrong answer ends it with a traceback."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the API with one server process.")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each workload is measured (default 5)")
    parser.add_argument("--json", type=Path, help="also write the numbers into this file")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[], help="workloads, such as W1,W4")
    parser.add_argument(
        "--contention", action="store_true", help="instead: 16 connections in one organization against 16 in 16"
    )
    arguments = parser.parse_args()
    with database() as environment:
        uvloop.run(_run(arguments, environment))


if __name__ == "__main__":
    main()
