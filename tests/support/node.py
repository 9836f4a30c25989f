"""Programs of Node that a test runs, each a folder with a lock of its own."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from tests.support.repository import ROOT

SECONDS = 240


async def run(folder: Path, *command: str, **environment: str) -> str:
    """What a command printed. Raises AssertionError with all that it said where it failed."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS):
            out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, f"{' '.join(command)}\n{out.decode()}\n{errors.decode()}"
    return out.decode()


async def installed(folder: Path, *, least: int, wanted: str) -> None:
    """What a folder's lock names, installed once for each state of it, as `make explorer` does.

    Skips where Node is missing or too old.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip(f"NODE IS MISSING: {wanted} did not run (.ci/run brings Node)")
    version = (await run(folder, "node", "--version")).strip().removeprefix("v")
    if int(version.partition(".")[0]) < least:
        pytest.skip(f"NODE {version} IS TOO OLD: {wanted} needs {least} (.ci/run brings it)")
    await run(folder, str(ROOT / "explorer" / "npm-ci"), ".")
