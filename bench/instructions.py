"""What a request takes in instructions of the server's process, counted by Valgrind's callgrind: the same on a busy
machine as on an idle one. Those of the kernel are not among them."""

import asyncio
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.load import Generator
from bench.server import Server
from bench.workloads import Workload

# Imports take minutes there.
START_SECONDS = 900
WARM_SECONDS = 5.0
THROUGH = ("bench.untimed",)
_TOTALS = re.compile(r"^(?:totals|summary): (\d+)", re.MULTILINE)


def under(folder: Path) -> tuple[str, ...]:
    """Return the command that runs a server: callgrind, which counts once ``callgrind_control`` says so."""
    out = f"--callgrind-out-file={folder}/callgrind"
    return ("valgrind", "--tool=callgrind", "--instr-atstart=no", "--vgdb-prefix=/tmp/vgdb-pipe", out)


async def instructions(
    generator: Generator, server: Server, workload: Workload, key: str, seconds: float, folder: Path,
    environment: Mapping[str, str],
) -> float:  # fmt: skip
    """Return the instructions of a request, in millions, of one connection that asks again and again."""
    requests = [workload.request("127.0.0.1", key)]

    async def control(*command: str) -> None:
        whole = ["callgrind_control", *command, str(server.process.pid)]
        # Valgrind names its pipes by the variable HOST.
        known = {**os.environ, **environment}
        await asyncio.to_thread(subprocess.run, whole, check=True, stdout=subprocess.DEVNULL, env=known)

    await generator.drive(server.port, requests, workload.status, WARM_SECONDS)
    await control("-i", "on")
    await generator.drive(server.port, requests, workload.status, WARM_SECONDS)
    await control("-z")
    outcome = await generator.drive(server.port, requests, workload.status, seconds)
    await control("-d")
    await control("-i", "off")
    return await asyncio.to_thread(dumped, folder) / len(outcome.latencies) / 1e6


def dumped(folder: Path) -> int:
    """Return the instructions of the latest dump. Raises RuntimeError where there is none."""
    files = sorted(folder.glob("callgrind.*"), key=lambda file: file.stat().st_mtime)
    found = _TOTALS.search(files[-1].read_text(encoding="utf-8", errors="replace")) if files else None
    if found is None:
        raise RuntimeError("callgrind has written no totals")
    return int(found[1])


def instructions_table(rows: Sequence[tuple[str, float, float | None]]) -> str:
    """Return a table of the millions of instructions of each workload's request, beside an earlier checkout's."""
    lines = ["| Workload | before | after | after ÷ before |", "|---|---:|---:|---:|"]
    for meaning, after, before in rows:
        first, ratio = ("", "") if before is None else (f"{before:.3f}", f"{after / before:.3f}")
        lines.append(f"| {meaning} | {first} | {after:.3f} | {ratio} |")
    return "\n".join(lines)
