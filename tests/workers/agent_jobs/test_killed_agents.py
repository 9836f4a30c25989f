"""Workers of agents that are killed between statements: what was committed is not done again, and nothing is lost."""

import asyncio
import os
import signal
import sys

import pytest

from tests.support.agency import Agency
from tests.support.chat import calls, chatting, says
from tests.support.repository import ROOT
from tests.support.servers import Backends

NEW = {"input": {"name": "Logo", "price": 100}}


async def _end(agency: Agency, job: str, backends: Backends, models: str, kill: str) -> list[int]:
    """Kill one worker after another until the job has ended. The exit codes of those that were killed."""
    given = os.environ | {"DATABASE_URL": backends.database_url, "MODELS_URL": models, "KILL": kill}
    command = (sys.executable, "-m", "tests.support.agent_jobs_worker")
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=given, stdout=asyncio.subprocess.PIPE)
    try:
        await agency.until(job, seconds=240)
    finally:
        process.terminate()
        said, _ = await process.communicate()
    return [int(line) for line in said.split() if line.startswith(b"-")]


@pytest.mark.parametrize("kill", ["after 4", "before 5"])
async def test_what_was_committed_is_not_done_again(agency: Agency, own_backends: Backends, kill: str) -> None:
    # A run commits its claim, its beginning, then the beginning and the end of each call, each tool, and its end.
    job = await agency.queued("CreateService", limits={"maxAttempts": 10})
    async with chatting(calls(("CreateService", NEW)), says("Made.")) as chat:
        killed = await _end(agency, job, own_backends, chat.base_url, kill)
    row, steps = await agency.row(job), await agency.steps(job)
    assert (row["status"], row["output"], await agency.count("services")) == ("SUCCEEDED", {"text": "Made."}, 1)
    assert [step["kind"] for step in steps] == ["MODEL", "TOOL", "MODEL"]
    assert set(killed) == {-signal.SIGKILL}
    assert row["attempt"] == len(killed) + 1 >= 4
    # The same call has the same key, and is asked again only where its answer was not committed.
    assert list(dict.fromkeys(chat.keys)) == [f"{job}:0", f"{job}:2"]
    assert len(chat.asked) == 2 if kill.startswith("after") else 2 < len(chat.asked) <= len(killed) + 2
    # A call that was begun and whose answer was lost is counted as its worst case.
    assert row["cost"] == sum(step["cost"] for step in steps) > 600
