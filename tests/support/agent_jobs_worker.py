"""Workers of agents, each a process that kills itself: ``python -m tests.support.agent_jobs_worker``.

The environment names the database, the server of models, and where each ends: ``KILL`` is ``before 5`` for one that is
killed where it would commit for the fifth time, or ``after 4``. The exit code of each is printed.
"""

import asyncio
import importlib
import os
import signal
import sys
from typing import Any

import pytest

from models.jobs import JobFunction
from resolvers import context
from resolvers.database.commits import commit
from tests.support.jobs import runtime_of
from tests.support.servers import Backends
from workers.agent_jobs.handler import LOOP, handler
from workers.agent_jobs.providers import Providers
from workers.jobs.runner import Runner
from workers.jobs.sweep import sweep


def _kill_at(when: str, number: int) -> None:
    done = 0

    async def counted(*given: Any, **options: Any) -> None:
        nonlocal done
        done += 1
        if (when, done) == ("before", number):
            os.kill(os.getpid(), signal.SIGKILL)
        await commit(*given, **options)
        if (when, done) == ("after", number):
            os.kill(os.getpid(), signal.SIGKILL)

    pytest.MonkeyPatch().setattr(context, "commit", counted)


async def work() -> None:
    """Work with short leases."""
    when, number = os.environ["KILL"].split()
    _kill_at(when, int(number))
    url = os.environ["DATABASE_URL"]
    async with runtime_of(Backends(url, url, "")) as runtime:
        handlers = {JobFunction.AGENT: handler(Providers(openai_base_url=os.environ["MODELS_URL"]))}
        runner = Runner(runtime, handlers, {"agents": 1}, lease_seconds=2, heartbeat_seconds=0.5)
        await asyncio.gather(sweep(runner, 0.2), runner.leases.heartbeat())


def killed_again_and_again() -> None:
    """Let one worker after another be killed, until a signal comes. Each is a fork: what they import takes seconds."""
    importlib.import_module(LOOP)
    lives: list[int] = []

    def end(*_: object) -> None:
        os.kill(lives[-1], signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    while True:
        life = os.fork()
        if not life:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            asyncio.run(work())
        lives.append(life)
        _, status = os.waitpid(life, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    killed_again_and_again()
