"""The demo: the same rows everywhere, once, shown by the graph and found by a search, and its agent jobs run."""

import asyncio
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from models.jobs import JobQueue
from models.names import camel
from resolvers import organizations
from resolvers.changes.numbers import FIRST, reserve_number
from resolvers.collections.collection import COLLECTIONS
from resolvers.context import now
from resolvers.database.runtime import Runtime
from resolvers.lists.search_words import words_of
from server.dev import demo
from server.dev.demo import INVOICES, KEYS, SEED, SIZE, SLUG, SUBSCRIPTIONS, seed, seed_demo
from server.dev.demo_rows import rows_of
from server.settings import KEY_FILE, Settings
from server.wiring import running
from tests.support.api import serving, settings_of
from tests.support.jobs import eventually, working
from tests.support.servers import Backends

TABLES = (
    *("members", "clients", "services", "orders", "messages", "tickets", "replies", "forms", "form_versions"),
    *("submissions", "subscriptions", "subscription_periods", "subscription_changes", "invoices", "invoice_lines"),
    *("invoice_payments", "search_words", "tag_uses", "counters", "agent_definitions", "agent_definition_versions"),
    *("agent_jobs", "agent_steps", "assignments"),
)
COUNTED = ("organizations", *TABLES, "api_keys", "audit_entries")
JOBS = "/api/v1/agent-jobs"
OPEN = """query($id: ID!) { agentJob(id: $id) { version steps(first: 50) { nodes {
  id kind decision question operation changes { target field before after } events } } } }"""
APPROVE = "mutation($i: ApproveAgentJobInput!) { approveAgentJob(input: $i) { agentJob { id } } }"
ANSWER = "mutation($i: AnswerAgentJobInput!) { answerAgentJob(input: $i) { agentJob { id } } }"


async def counts(runtime: Runtime) -> dict[str, int]:
    """How many rows of each table the demo has."""
    org_id = await organizations.find(runtime, SLUG)
    assert org_id is not None
    async with runtime.bound(org_id) as connection:
        return {name: await connection.fetchval(f"select count(*) from {name}") for name in COUNTED}


async def digests(runtime: Runtime) -> dict[str, str]:
    """A digest of each table's whole rows, without the ID of the key that queued a job: a key's is random."""
    org_id = await organizations.find(runtime, SLUG)
    assert org_id is not None
    async with runtime.bound(org_id) as connection:
        sql = """select md5(string_agg(row::text, '' order by row::text collate "C"))
                 from (select to_jsonb(t) - 'created_by_key' as row from {} t) rows"""
        return {name: await connection.fetchval(sql.format(name)) for name in TABLES}


def quiet(line: str) -> None:
    """Hears nothing."""


@dataclass(frozen=True)
class _Seeded:
    """A database with the demo, to be copied, and the data folder with its key; up to when it goes, and what was
    said."""

    backends: Backends
    folder: Path
    end: datetime
    said: list[str]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def seeded(servers: Backends, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[_Seeded]:
    folder, end, said = tmp_path_factory.mktemp("demo"), now(), list[str]()
    with servers.empty_database(template=template) as backends, pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "now", lambda: end)
        await asyncio.to_thread(seed_demo, settings_of(backends, counterfoil_data=folder), said.append)
        yield _Seeded(backends, folder, end, said)


@pytest.fixture
def settings(servers: Backends, seeded: _Seeded, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a database and a data folder with the demo, of the test alone."""
    folder = Path(shutil.copytree(seeded.folder, tmp_path / "data"))
    with servers.empty_database(template=seeded.backends.database) as copy:
        yield settings_of(copy, counterfoil_data=folder)


def _key(settings: Settings) -> dict[str, str]:
    """The headers of a request with the demo's key."""
    raw = (settings.counterfoil_data / KEY_FILE).read_text(encoding="utf-8").strip()
    return {"Authorization": f"Bearer {raw}"}


async def test_the_demo_is_whole_and_a_second_seed_changes_nothing(settings: Settings, seeded: _Seeded) -> None:
    said = seeded.said
    assert said[0] == "== Loading the demo organization (demo)"
    assert [line.split(maxsplit=1)[1] for line in said[1:]] == [
        *("members", "clients", "forms", "services", "orders", "messages", "tickets", "replies", "submissions"),
        *("subscriptions", "invoices", "payments", "agent definitions", "agent jobs"),
    ]  # fmt: skip
    key = settings.counterfoil_data / KEY_FILE
    raw = key.read_text(encoding="utf-8")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    async with running(settings, max_size=2) as runtime:
        before, rows = await counts(runtime), await digests(runtime)
        expected = {"organizations": 1, "clients": 500, "services": 12, "orders": 3_000, "messages": 6_000}
        expected |= {"subscriptions": SUBSCRIPTIONS, "forms": 3, "submissions": 100}
        assert {name: before[name] for name in expected} == expected
        assert before["tickets"] == 400
        assert (before["agent_definitions"], before["agent_jobs"], before["agent_steps"]) == (4, 6, 5)
        # Those of orders and tickets, and that of the invoices of each of the last years.
        assert before["counters"] in (3, 4)
        org_id = await organizations.find(runtime, SLUG)
        assert org_id is not None
        async with runtime.bound(org_id) as connection:
            billed = await connection.fetchval("select count(*) from subscription_periods where state = 'BILLED'")
            assert before["invoices"] == INVOICES + billed > INVOICES
            for table in ("clients", "orders", "messages", "invoices"):
                newest = await connection.fetchval(f"select max(updated_at) from {table}")
                assert datetime.now(UTC) - timedelta(days=7) < newest <= datetime.now(UTC)
        # That of the agents, and the one that is kept in the file.
        assert before["api_keys"] == 2 + len(KEYS)
        again: list[str] = []
        await asyncio.to_thread(seed_demo, settings, again.append)
        assert again == []
        assert await counts(runtime) == before
        assert await digests(runtime) == rows
        assert await reserve_number(runtime, org_id, "order") == FIRST + 3_000
        assert await reserve_number(runtime, org_id, "ticket") == FIRST + 400
    assert key.read_text(encoding="utf-8") == raw


async def test_a_key_that_no_longer_works_is_replaced(settings: Settings) -> None:
    key = settings.counterfoil_data / KEY_FILE
    key.write_text("sk_live_of_another_database\n", encoding="utf-8")
    await asyncio.to_thread(seed_demo, settings, quiet)
    async with serving(settings) as base, httpx.AsyncClient(base_url=base) as http:
        answer = await http.get("/api/v1/clients", params={"limit": 1}, headers=_key(settings))
        assert answer.status_code == 200, answer.text


async def test_two_databases_get_the_same_rows(
    settings: Settings, seeded: _Seeded, own_backends: Backends, tmp_path: Path
) -> None:
    found = []
    for each in (settings, settings_of(own_backends, counterfoil_data=tmp_path)):
        async with running(each, max_size=2) as runtime:
            await seed(runtime, quiet, seeded.end)
            found.append(await digests(runtime))
    assert found[0] == found[1]
    assert all(found[0].values())


async def test_the_graph_finds_what_was_seeded(settings: Settings) -> None:
    client = rows_of(SEED, SIZE).clients[7]
    query = """query($email: String!) {
        clients(filter: {search: $email}) { nodes { name email tags } }
        orders(filter: {number: {eq: 1008}}) { nodes { number } totalCount }
    }"""
    async with serving(settings) as base, httpx.AsyncClient(base_url=base) as http:
        body = {"query": query, "variables": {"email": client["email"]}}
        answer = (await http.post("/graphql", json=body, headers=_key(settings))).json()
    assert answer["data"]["clients"]["nodes"] == [{name: client[name] for name in ("name", "email", "tags")}]
    assert answer["data"]["orders"] == {"nodes": [{"number": 1008}], "totalCount": 1}


async def test_a_search_finds_a_row_of_each_collection_by_a_word_of_each_column(settings: Settings) -> None:
    searched = [each for each in COLLECTIONS.values() if each.searched]
    missed = []
    async with (
        running(settings, max_size=2) as runtime,
        serving(settings) as base,
        httpx.AsyncClient(base_url=base, headers=_key(settings)) as http,
    ):
        org_id = await organizations.find(runtime, SLUG)
        assert org_id is not None
        for collection in searched:
            for column in collection.searched:
                sql = f"select {column} from {collection.table.name} where {column} is not null order by id limit 1"
                async with runtime.bound(org_id) as connection:
                    found = await connection.fetchval(sql)
                assert found is not None, (
                    f"no row of the demo has {column} of {collection.name}: server/dev/demo_rows.py"
                )
                word = words_of([found])[0]
                listed = camel(collection.name)
                query = f"query($word: String!) {{ {listed}(filter: {{search: $word}}) {{ nodes {{ id }} }} }}"
                body = {"query": query, "variables": {"word": word}}
                answer = (await http.post("/graphql", json=body)).json()
                if not answer["data"][listed]["nodes"]:
                    missed.append(f"{listed}: no row has {word!r}, which is in {column}")
    assert len(searched) > 1
    assert missed == []


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


async def test_jobs_run_to_their_ends_and_wait_for_a_person(settings: Settings) -> None:
    async with (
        running(settings, max_size=4) as runtime,
        serving(settings) as base,
        httpx.AsyncClient(base_url=base, headers=_key(settings), timeout=60) as http,
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
