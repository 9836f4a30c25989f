"""Attempts of agent jobs in which the database refused: none counts, and each is followed by a longer wait."""

from datetime import datetime
from typing import Any

import pytest

from models.jobs import JobFunction
from resolvers.errors import Refusal
from resolvers.jobs import claims
from tests.support.agency import RUN, Agency
from tests.support.chat import chatting, fails, says
from tests.support.jobs import make_due, one, slot_of
from workers.agent_jobs import loop
from workers.agent_jobs.handler import handler
from workers.agent_jobs.providers import Providers
from workers.jobs.leases import Leases, unnoted

NOW = "select now() as moment"
LEASE_S = 3_600.0


async def attempt(agency: Agency, base_url: str) -> tuple[dict[str, Any], float]:
    """Run the job once. Return its queued job, and the seconds until that is due."""
    await make_due(agency.runtime, agency.org)
    queued = await one(agency.runtime, agency.org, RUN, agency.org)
    claim = await claims.claim(agency.runtime, agency.org, queued["id"], LEASE_S)
    assert claim is not None
    handlers = {JobFunction.AGENT: handler(Providers("sk-chat", base_url))}
    before: datetime = (await one(agency.runtime, agency.org, NOW))["moment"]
    await Leases(agency.runtime, handlers, LEASE_S, 60.0, unnoted).hold(claim, slot_of(claim))
    queued = await one(agency.runtime, agency.org, RUN, agency.org)
    return queued, (queued["run_at"] - before).total_seconds()


async def test_they_do_not_count_and_wait_longer_each_time(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    left, real = [Refusal("UNAVAILABLE", "A lock was not free.")] * 6, loop.run_agent

    async def run_agent(*given: Any) -> None:
        if left:
            raise left.pop()
        await real(*given)

    job = await agency.queued(limits={"maxAttempts": 2})
    async with chatting(fails("500 Internal Server Error"), says("Done.")) as chat:
        # The first attempt counts: it is the provider that fails.
        await agency.tried(job, chat.base_url)
        monkeypatch.setattr(loop, "run_agent", run_agent)
        waits = []
        for _ in range(6):
            queued, seconds = await attempt(agency, chat.base_url)
            row = await agency.row(job)
            assert (queued["state"], queued["attempt"], row["status"], row["attempt"]) == ("QUEUED", 1, "QUEUED", 1)
            waits.append(seconds)
        assert all(later > earlier for earlier, later in zip(waits[::2], waits[2::2], strict=False)), waits
        assert waits[5] > 20
        await attempt(agency, chat.base_url)
    row = await agency.row(job)
    assert (row["status"], row["attempt"]) == ("SUCCEEDED", 2)


async def test_a_job_whose_attempts_were_all_cut_short_says_so(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run_agent(*_given: Any) -> None:
        raise ValueError("a mistake of ours")

    monkeypatch.setattr(loop, "run_agent", run_agent)
    job = await agency.queued(limits={"maxAttempts": 1})
    async with chatting() as chat:
        assert (await attempt(agency, chat.base_url))[0]["state"] == "QUEUED"
        assert (await attempt(agency, chat.base_url))[0]["state"] == "FAILED"
    row = await agency.row(job)
    said = "The last attempt was cut short: its worker stopped or failed."
    assert (row["status"], row["error_code"], row["error_message"]) == ("FAILED", "INTERNAL", said)
    assert row["attempt"] == 1
