"""Where a server's time goes: py-spy's samples of it under load, summed up by part and by function."""

import asyncio
import re
import sysconfig
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import CONNECTIONS, Generator
from bench.server import Server
from bench.workloads import Workload

SAMPLES_A_SECOND = 400
FUNCTIONS = 14
_FRAME = re.compile(r"(?P<name>.+) \((?P<file>[^()]*?)(:\d+)?\)$")
# Cython and C show no frames: what is under the loop's own and in no function is uvloop's and asyncpg's protocol.
LOOP = "uvloop, asyncpg's protocol, system calls"
COMPILED = "functions made with a plan"


@dataclass(slots=True)
class Profile:
    """Samples: in all, by part (self), by function (self), by function (with what it calls)."""

    samples: int = 0
    parts: Counter[str] = field(default_factory=Counter)
    own: Counter[str] = field(default_factory=Counter)
    whole: Counter[str] = field(default_factory=Counter)


def place(frame: str) -> tuple[str, str]:
    """Return the part and the name of a frame such as ``fetch (asyncpg/connection.py:12)``."""
    found = _FRAME.match(frame)
    if found is None:
        return "other", frame
    path = found["file"]
    if path.endswith("asyncio/runners.py"):
        return LOOP, LOOP
    if path == "<string>":
        return ("dataclasses" if found["name"].startswith("__create_fn__") else COMPILED), found["name"]
    part = path.partition("/")[0] if "/" in path else path.removesuffix(".py")
    return part, f"{found['name']} ({path})"


def read(text: str) -> Profile:
    """Sum up py-spy's raw format: a line for each stack, outermost frame first, with its number of samples."""
    profile = Profile()
    for line in text.splitlines():
        stack, _, number = line.rpartition(" ")
        places = [place(frame) for frame in stack.split(";")]
        count = int(number)
        profile.samples += count
        profile.parts[places[-1][0]] += count
        profile.own[places[-1][1]] += count
        for name in {name for _, name in places}:
            profile.whole[name] += count
    return profile


async def profiled(
    generator: Generator, server: Server, workload: Workload, key: str, seconds: float, folder: Path
) -> Profile:
    """Sample a server under one workload. Raises RuntimeError when py-spy may not look into it."""
    requests = [workload.request("127.0.0.1", key)] * CONNECTIONS
    await generator.drive(server.port, requests, workload.status, 0.5)
    out = folder / f"{workload.name}.raw"
    spy = Path(sysconfig.get_path("scripts"), "py-spy")
    command = ["record", "--pid", str(server.process.pid), "--duration", str(max(1, round(seconds)))]
    command += ["--rate", str(SAMPLES_A_SECOND), "--format", "raw", "--output", str(out)]
    process = await asyncio.create_subprocess_exec(
        spy, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    load = asyncio.create_task(generator.drive(server.port, requests, workload.status, seconds + 1))
    said, _ = await process.communicate()
    await load
    if process.returncode:
        raise RuntimeError(f"py-spy: {said.decode(errors='replace')}")
    return read(await asyncio.to_thread(out.read_text))


def shown(workload: Workload, profile: Profile) -> str:
    """Two short tables in one: what each part takes by itself, and what the dearest functions do."""
    lines = [f"{workload.name}: {workload.meaning} ({profile.samples} samples)", "", "| Part | % |", "|---|---:|"]
    lines += [f"| {name} | {100 * count / profile.samples:.1f} |" for name, count in profile.parts.most_common(12)]
    lines += ["", "| Function | % itself | % with what it calls |", "|---|---:|---:|"]
    lines += [
        f"| `{name}` | {100 * count / profile.samples:.1f} | {100 * profile.whole[name] / profile.samples:.1f} |"
        for name, count in profile.own.most_common(FUNCTIONS)
    ]
    return "\n".join(lines)
