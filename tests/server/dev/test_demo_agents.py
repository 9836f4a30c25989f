"""The demo's agent jobs, which a worker runs without a provider: one that succeeds, and two that wait for a person."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from models.jobs import JobQueue
from schema.requests.tools import TOOLS
from server.dev import demo_agents
from server.dev.demo import seed_demo
from server.settings import KEY_FILE
from server.wiring import running
from tests.support.api import serving, settings_of
from tests.support.jobs import eventually, working
from tests.support.servers import Backends

JOBS = "/api/v1/agent-jobs"
OPEN = """query($id: ID!) { agentJob(id: $id) { version steps(first: 50) { nodes {
  id kind decision question operation changes { target field before after } events } } } }"""
APPROVE = "mutation($i: ApproveAgentJobInput!) { approveAgentJob(input: $i) { agentJob { id } } }"
ANSWER = "mutation($i: AnswerAgentJobInput!) { answerAgentJob(input: $i) { agentJob { id } } }"


def test_its_tools_need_the_scopes_that_it_names() -> None:
    assert {name: TOOLS[name] for name in demo_agents.TOOLS} == demo_agents.TOOLS


async def _graph(http: httpx.AsyncClient, text: str, **variables: Any) -> Any:
    answer = (await http.post("/graphql", json={"query": text, "variables": variables})).json()
    assert "errors" not in answer, answer
    return answer["data"]


async def _by_status(http: httpx.AsyncClient) -> dict[str, list[str]]:
    """The IDs of the jobs by their status, as REST shows them, newest first."""
    found: dict[str, list[str]] = {}
    for job in (await http.get(JOBS)).json()["data"]:
        found.setdefault(job["status"], []).append(job["publicId"])
    return found


async def _waiting(http: httpx.AsyncClient, job: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The step of a job that waits, and what decides it."""
    shown = (await _graph(http, OPEN, id=job))["agentJob"]
    (step,) = [each for each in shown["steps"]["nodes"] if each["kind"] in ("APPROVAL", "INPUT")]
    return step, {"id": job, "stepId": step["id"], "expectedVersion": shown["version"]}


async def test_jobs_run_to_their_ends_and_wait_for_a_person(own_backends: Backends, tmp_path: Path) -> None:
    settings = settings_of(own_backends, counterfoil_data=tmp_path)
    await asyncio.to_thread(seed_demo, settings, lambda _line: None)
    key = (tmp_path / KEY_FILE).read_text(encoding="utf-8").strip()
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        running(settings, max_size=4) as runtime,
        serving(settings) as base,
        httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as http,
    ):
        seeded = await _by_status(http)
        assert {status: len(jobs) for status, jobs in seeded.items()} == {
            "QUEUED": 2, "AWAITING_INPUT": 1, "CANCELLED": 1, "FAILED": 1, "SUCCEEDED": 1,
        }  # fmt: skip
        opener, desk = seeded["QUEUED"]

        async def ended() -> bool:
            found = await _by_status(http)
            return not {"QUEUED", "RUNNING"} & found.keys()

        async with working(runtime, queues={JobQueue.AGENTS: 2}):
            await eventually(ended)
            found = await _by_status(http)
            assert (found["AWAITING_APPROVAL"], desk in found["SUCCEEDED"]) == ([opener], True)
            step, decides = await _waiting(http, opener)
            assert (step["operation"], step["events"]) == ("CreateTicket", ["ticket.created"])
            tickets = (await _graph(http, "{ tickets { totalCount } }"))["tickets"]["totalCount"]
            await _graph(http, APPROVE, i=decides)
            (asked,) = found["AWAITING_INPUT"]
            step, decides = await _waiting(http, asked)
            assert step["question"].endswith("?")
            await _graph(http, ANSWER, i=decides | {"answer": "Green."})
            await eventually(ended)
        found = await _by_status(http)
        assert {opener, asked, desk} <= {*found["SUCCEEDED"]}
        assert (await _graph(http, "{ tickets { totalCount } }"))["tickets"]["totalCount"] == tickets + 1
