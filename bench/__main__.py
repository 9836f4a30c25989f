"""`python -m bench`: the table on standard output, progress on standard error."""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import uvloop

from bench.calls import Calls, called, calls_table
from bench.data import MEASURED, ORGANIZATIONS, SMALL, Filled, fill, listen
from bench.growth import growth, write
from bench.instructions import START_SECONDS, THROUGH, instructions, instructions_table, under
from bench.load import CONNECTIONS, Generator, Outcome, UnexpectedResponse, generating
from bench.measure import compare, contention, measure
from bench.profile import profiled, shown
from bench.report import NAMES, figures, heading, pair_table, table
from bench.server import Server, database, serving, settings_of, settle, step_aside
from bench.workloads import workloads
from server.dev.demo_rows import Size
from server.wiring import running

# The calls of a page do not depend on how many rows there are.
PAGED = Size(clients=1_000, orders=5_000, messages=10_000, tickets=2_000)
TRIVIAL = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _write(file: Path | None, found: Mapping[str, Any]) -> None:
    if file is not None:
        file.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


async def _trivial(generator: Generator, environment: dict[str, str], folder: Path) -> Outcome:
    async with serving("trivial", environment, folder) as server:
        return await generator.drive(server.port, [TRIVIAL] * CONNECTIONS, 200, 0.5)


async def _fill(environment: dict[str, str], sizes: Sequence[Size]) -> tuple[list[Filled], str]:
    """The organizations, an endpoint in the first, and the PostgreSQL version."""
    _note(f"== Filling {len(sizes)} organizations")
    async with running(settings_of(environment), min_size=1, max_size=1) as runtime:
        filled = [await fill(runtime, index, size) for index, size in enumerate(sizes)]
        await listen(runtime, filled[0].org_id)
    return filled, settle(environment)


async def _contention(arguments: argparse.Namespace, environment: dict[str, str], folder: Path) -> None:
    filled, _ = await _fill(environment, [SMALL] * (CONNECTIONS + 1))
    async with generating() as generator, serving("ours", environment, folder) as server:
        print(await contention(generator, server, filled[1], filled[1:], arguments.seconds))


async def _profile(arguments: argparse.Namespace, environment: dict[str, str], folder: Path) -> None:
    filled, _ = await _fill(environment, [MEASURED])
    async with generating() as generator, serving(arguments.server, environment, folder) as server:
        for workload in workloads(filled[0].sample):
            if workload.name in arguments.profile:
                _note(f"== {workload.name}")
                found = await profiled(generator, server, workload, filled[0].key, arguments.seconds, folder)
                print(shown(workload, found) + "\n")


async def _calls(arguments: argparse.Namespace, environment: dict[str, str], folder: Path) -> None:
    filled, _ = await _fill(environment, [PAGED])
    known: dict[str, Calls] = json.loads(arguments.against.read_text(encoding="utf-8")) if arguments.against else {}
    found: dict[str, Calls] = {}
    file = folder / "calls.json"
    async with (
        generating() as generator,
        serving(arguments.server, environment, folder, ("bench.counted", str(file))) as server,
    ):
        for workload in workloads(filled[0].sample):
            if workload.name in arguments.calls:
                _note(f"== {workload.name}")
                found[workload.name] = await called(generator, server, workload, filled[0].key, arguments.seconds, file)
                print(calls_table(workload, found[workload.name], known.get(workload.name)) + "\n")
    _write(arguments.json, found)


async def _instructions(arguments: argparse.Namespace, environment: dict[str, str], folder: Path) -> None:
    filled, _ = await _fill(environment, [MEASURED])
    known: dict[str, float] = json.loads(arguments.against.read_text(encoding="utf-8")) if arguments.against else {}
    rows = []
    async with (
        generating() as generator,
        serving(arguments.server, environment, folder, THROUGH, under=under(folder), start_s=START_SECONDS) as server,
    ):
        for workload in workloads(filled[0].sample):
            if workload.name in arguments.instructions:
                _note(f"== {workload.name}")
                key, seconds = filled[0].key, arguments.seconds
                found = await instructions(generator, server, workload, key, seconds, folder, environment)
                rows.append((f"{workload.name}: {workload.meaning}", found, known.get(workload.name)))
    print(instructions_table(rows))
    _write(arguments.json, {meaning.partition(":")[0]: found for meaning, found, _ in rows})


async def _granian(arguments: argparse.Namespace, environment: dict[str, str], folder: Path) -> None:
    filled, postgres = await _fill(environment, [MEASURED])
    async with AsyncExitStack() as stack:
        generator = await stack.enter_async_context(generating())
        trivial = await _trivial(generator, environment, folder)
        servers = [
            await stack.enter_async_context(serving("ours", environment, folder)),
            await stack.enter_async_context(serving("granian", environment, folder)),
        ]
        asked = [each for each in workloads(filled[0].sample) if each.name in (arguments.only or ["W2", "W4", "W5"])]
        rows = await compare(generator, servers, asked, filled[0].key, arguments.seconds)
    print(f"{heading(postgres, trivial, 1)}\n\n{pair_table(rows, 'ours', 'granian')}")


async def _measure(arguments: argparse.Namespace, environment: dict[str, str], folder: Path) -> None:
    filled, postgres = await _fill(environment, [MEASURED] + [SMALL] * (ORGANIZATIONS - 1))
    async with AsyncExitStack() as stack:
        generator = await stack.enter_async_context(generating())
        trivial = await _trivial(generator, environment, folder)
        servers: list[Server] = [await stack.enter_async_context(serving(name, environment, folder)) for name in NAMES]
        rows = await measure(generator, servers, filled[0], environment, arguments.only, arguments.seconds, _note)
    print(f"{heading(postgres, trivial)}\n\n{table(rows)}")
    _write(arguments.json, figures(rows))


async def _growth(arguments: argparse.Namespace, environment: dict[str, str], folder: Path) -> None:
    write(await growth(environment, folder, arguments.seconds, _note), arguments.growth)


def _parser() -> argparse.ArgumentParser:
    def listed(text: str) -> list[str]:
        return text.split(",")

    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the API with one server process.")
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="how long each workload is measured on each server (default 3)"
    )
    parser.add_argument("--json", type=Path, help="also write the numbers into this file")
    parser.add_argument("--only", type=listed, default=[], help="workloads, such as W1,W4")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--contention", action="store_true", help="instead: 16 connections in one organization against 16 in 16"
    )
    instead.add_argument("--growth", type=Path, metavar="FOLDER", help="instead: growth.json and growth.svg in there")
    instead.add_argument("--profile", type=listed, metavar="W1,W3", help="instead: where a server's time goes")
    instead.add_argument(
        "--calls",
        type=listed,
        metavar="W1,W3",
        help="instead: how many functions a request calls, on a busy machine too",
    )
    instead.add_argument(
        "--instructions", type=listed, metavar="W1,W3", help="instead: instructions of a request, by Valgrind"
    )
    instead.add_argument("--granian", action="store_true", help="instead: our application on uvicorn and on Granian")
    parser.add_argument("--server", default="ours", choices=NAMES, help="whose figures (default ours)")
    parser.add_argument(
        "--against",
        type=Path,
        help="what --json wrote, such as another commit's calls, to compare with",
    )
    return parser


def main() -> None:
    """Measure and print; a wrong answer ends it with a traceback."""
    arguments = _parser().parse_args()
    work = _measure
    for name, other in (
        ("contention", _contention), ("growth", _growth), ("profile", _profile), ("calls", _calls),
        ("instructions", _instructions), ("granian", _granian),
    ):  # fmt: skip
        if getattr(arguments, name):
            work = other
    step_aside()
    with database() as environment, tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as folder:
        try:
            uvloop.run(work(arguments, environment, Path(folder)))
        except (UnexpectedResponse, RuntimeError):
            for printed in sorted(Path(folder).glob("*.log")):
                _note(
                    f"== {printed.stem} printed last\n{printed.read_text(encoding='utf-8', errors='replace')[-2000:]}"
                )
            raise


if __name__ == "__main__":
    main()
