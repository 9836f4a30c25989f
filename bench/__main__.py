"""`python -m bench`: the table on standard output, progress on standard error."""

import argparse
import json
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from bench.data import MEASURED, ORGANIZATIONS, SMALL, fill, listen
from bench.load import CONNECTIONS, Generator, Outcome, UnexpectedAnswer, generating
from bench.measure import contention, measure
from bench.report import NAMES, figures, heading, table
from bench.server import database, serving, settings_of, settle, step_aside
from server.wiring import running

TRIVIAL = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def _trivial(generator: Generator, environment: dict[str, str], folder: Path) -> Outcome:
    async with serving("trivial", environment, folder) as server:
        return await generator.drive(server.port, [TRIVIAL] * CONNECTIONS, 200, 0.5)


async def _run(arguments: argparse.Namespace, environment: dict[str, str], folder: Path) -> None:
    sizes = [SMALL] * ORGANIZATIONS if arguments.contention else [MEASURED] + [SMALL] * (ORGANIZATIONS - 1)
    _note(f"== Filling {len(sizes)} organizations")
    async with running(settings_of(environment), least=1, most=1) as runtime:
        filled = [await fill(runtime, index, size) for index, size in enumerate(sizes)]
        if not arguments.contention:
            await listen(runtime, filled[0].org_id)
    postgres = settle(environment)
    names = NAMES[:1] if arguments.contention else NAMES
    async with AsyncExitStack() as stack:
        generator = await stack.enter_async_context(generating())
        trivial = await _trivial(generator, environment, folder)
        servers = [await stack.enter_async_context(serving(name, environment, folder)) for name in names]
        if arguments.contention:
            print(await contention(generator, servers[0], filled[0], filled[1 : CONNECTIONS + 1], arguments.seconds))
            return
        rows = await measure(generator, servers, filled[0], environment, arguments.only, arguments.seconds, _note)
    print(f"{heading(postgres, trivial)}\n\n{table(rows)}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures(rows), indent=2) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the API with one server process.")
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="how long each workload is measured on each server (default 3)"
    )
    parser.add_argument("--json", type=Path, help="also write the numbers into this file")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[], help="workloads, such as W1,W4")
    parser.add_argument(
        "--contention", action="store_true", help="instead: 16 connections in one organization against 16 in 16"
    )
    return parser


def main() -> None:
    """Measure and print; a wrong answer ends it with a traceback."""
    arguments = _parser().parse_args()
    step_aside()
    with database() as environment, tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as folder:
        try:
            uvloop.run(_run(arguments, environment, Path(folder)))
        except (UnexpectedAnswer, RuntimeError):
            for printed in sorted(Path(folder).glob("*.log")):
                _note(f"== {printed.stem} printed last\n{printed.read_text(errors='replace')[-2000:]}")
            raise


if __name__ == "__main__":
    main()
