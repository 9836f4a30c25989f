"""What a request takes in calls of functions: unlike a time, nearly the same on a busy machine as on an idle one."""

import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from bench.load import CONNECTIONS, Generator
from bench.profile import place
from bench.server import Server
from bench.workloads import Workload

# By function: how often a request calls it, and how often it calls one made in C.
Calls = Mapping[str, tuple[float, float]]
WRITTEN_S = 30
# What a request calls less often is a timer's, or happens once in a while.
LEAST = 0.05
FUNCTIONS = 40
NONE = (0.0, 0.0)


async def called(
    generator: Generator, server: Server, workload: Workload, key: str, seconds: float, file: Path
) -> Calls:
    """Count the calls of a server that runs through `bench.counted`, which writes into ``file``."""
    requests = [workload.request("127.0.0.1", key)] * CONNECTIONS
    await generator.drive(server.port, requests, workload.status, 0.5)
    before = await asyncio.to_thread(_written, server, file)
    answered = len((await generator.drive(server.port, requests, workload.status, seconds)).latencies)
    after = await asyncio.to_thread(_written, server, file)
    found: dict[str, tuple[float, float]] = {}
    for name, (calls, inner) in after.items():
        first_calls, first_inner = before.get(name, NONE)
        if calls - first_calls >= LEAST * answered:
            found[name] = (calls - first_calls) / answered, (inner - first_inner) / answered
    return found


def _written(server: Server, file: Path) -> Calls:
    """Let a server write what was called so far. Raises TimeoutError."""
    file.unlink(missing_ok=True)
    server.process.send_signal(signal.SIGUSR1)
    deadline = time.monotonic() + WRITTEN_S
    while not file.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{server.name} has not written its calls within {WRITTEN_S} s")
        time.sleep(0.02)
    found: Calls = json.loads(file.read_text(encoding="utf-8"))
    return found


def calls_table(workload: Workload, calls: Calls, known: Calls | None = None) -> str:
    """Two short tables in one: the calls by part, and by function. With what was ``known``, only where they differ."""
    titles = "calls" if known is None else "before | after | difference"
    rule = "|---" + "|---:" * (titles.count("|") + 1) + "|"
    parts = [_by_part(each) for each in (known, calls) if each is not None]
    lines = [f"{workload.name}: {workload.meaning}", "", f"| Part | {titles} |", rule]
    lines += _lines({name: [part[name] for part in parts] for name in {**parts[0], **parts[-1]}})
    lines += _lines({"all": [sum(part.values()) for part in parts]})
    functions = [each for each in (known, calls) if each is not None]
    lines += ["", f"| Function, with those made in C that it calls | {titles} |", rule]
    lines += _lines(
        {f"`{name}`": [sum(each.get(name, NONE)) for each in functions] for name in {**functions[0], **functions[-1]}}
    )[:FUNCTIONS]
    return "\n".join(lines)


def _by_part(calls: Calls) -> Counter[str]:
    found: Counter[str] = Counter()
    for name, both in calls.items():
        found.update({place(name)[0]: sum(both)})
    return found


def _lines(rows: Mapping[str, list[float]]) -> list[str]:
    """Return the rows of a table: those that call most first, or those that differ most."""
    shown = {}
    for name, numbers in rows.items():
        if len(numbers) == 1:
            shown[name] = numbers
        elif abs(numbers[1] - numbers[0]) >= LEAST:
            shown[name] = [*numbers, numbers[1] - numbers[0]]
    ordered = sorted(shown.items(), key=lambda row: abs(row[1][-1]), reverse=True)
    return [f"| {name} | {' | '.join(f'{number:.1f}' for number in numbers)} |" for name, numbers in ordered]
