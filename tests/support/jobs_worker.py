"""A worker as a process of its own, to be killed: ``python -m tests.support.jobs_worker``.

Its environment names the database and Redis.
"""

import asyncio
import os

from tests.support.jobs import runtime_of
from tests.support.servers import Backends
from workers import main


async def work() -> None:
    """Work with short leases until a signal comes."""
    url = os.environ["DATABASE_URL"]
    async with runtime_of(Backends(url, url, os.environ["REDIS_URL"])) as runtime:
        await main.run(
            runtime, os.environ["REDIS_URL"], sweep_seconds=0.2, lease_seconds=2, heartbeat_seconds=0.5, grace_seconds=2
        )


if __name__ == "__main__":
    asyncio.run(work())
