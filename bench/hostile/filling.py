"""Fills an organization, in a process that runs the code of the measured server: ``python -P filling.py SEED SIZE…``.

Prints the organization, a key that may do everything, and ids to ask for, as JSON.
"""

import asyncio
import json
import os
import sys
from dataclasses import asdict

from bench.data import fill
from bench.server import settings_of
from server.dev.demo_rows import Size
from server.wiring import running


async def _fill(seed: int, size: Size) -> None:
    async with running(settings_of({"DATABASE_URL": os.environ["DATABASE_URL"]}), min_size=1, max_size=1) as runtime:
        filled = await fill(runtime, seed, size)
    print(json.dumps({"org_id": str(filled.org_id), "key": filled.key, "sample": asdict(filled.sample)}))


if __name__ == "__main__":
    asyncio.run(_fill(int(sys.argv[1]), Size(*map(int, sys.argv[2:]))))
