"""The measurements themselves: what is compared is the same, and the figures are what was measured."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import psycopg
import pytest
import pytest_asyncio

from bench.calls import called, calls_table
from bench.data import SMALL, Filled, fill, listen
from bench.equal import check, counted, response_of
from bench.growth import Growth, write
from bench.instructions import THROUGH, dumped, instructions_table
from bench.large import enlarge
from bench.load import Outcome, UnexpectedResponse, generating
from bench.measure import Comparison, Measured, compare
from bench.plot import nice, short
from bench.profile import COMPILED, LOOP, read
from bench.report import figures, pair_table, table
from bench.server import Server, fixed, serving, settings_of
from bench.workloads import create_order, nested, workloads
from server.wiring import running
from tests.support.servers import Backends


@pytest.fixture(scope="module")
def environment(backends: Backends) -> dict[str, str]:
    """The settings of the servers that are measured, on the tests' database."""
    urls = {
        "DATABASE_URL": backends.database_url,
        "MIGRATION_DATABASE_URL": backends.migration_database_url,
        "REDIS_URL": backends.redis_url,
    }
    return urls | fixed()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def filled(environment: dict[str, str]) -> Filled:
    """A small organization with an endpoint."""
    async with running(settings_of(environment), min_size=1, max_size=1) as runtime:
        made = await fill(runtime, 4711, SMALL)
        await listen(runtime, made.org_id)
    return made


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where our server writes its calls."""
    return tmp_path_factory.mktemp("counted") / "calls.json"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def measured(environment: dict[str, str], calls: Path) -> AsyncIterator[list[Server]]:
    """Ours, the hand-written one and the stock one, as they are measured; ours counts its calls after a signal."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        starts = [serving("ours", environment, folder, ("bench.counted", str(calls)))]
        starts += [serving(name, environment, folder) for name in ("handwritten", "stock")]
        yield await asyncio.gather(*(stack.enter_async_context(each) for each in starts))


async def test_every_server_gives_the_same_answer(
    measured: list[Server], filled: Filled, environment: dict[str, str]
) -> None:
    for workload in workloads(filled.sample):
        asked = measured if workload.stock else measured[:2]
        statements = await check(asked, workload, filled.key, environment, filled.org_id)
        assert 1 <= statements <= 8, workload.name


async def test_an_order_by_hand_leaves_what_ours_leaves(
    measured: list[Server], filled: Filled, environment: dict[str, str]
) -> None:
    workload = create_order(filled.sample)
    texts, left = [], []
    for server in measured[:2]:
        before = counted(environment, filled.org_id)
        shown, _ = await response_of(server, workload, filled.key)
        after = counted(environment, filled.org_id)
        left.append({name: after[name] - before[name] for name in after})
        number = shown["data"]["number"]
        with psycopg.connect(environment["DATABASE_URL"]) as connection:
            connection.execute("select set_config('app.org_id', %s, false)", [str(filled.org_id)])
            row = connection.execute(
                "select e.data, c.changes, s.action, s.actor_kind, s.actor_id, s.source, e.type, d.status, j.function,"
                " w.word"
                " from orders o join events e on e.resource_id = o.id join audit_entries s on s.target_id = o.id"
                " join audit_changes c on c.entry_id = s.id join deliveries d on d.event_id = e.id"
                " join jobs j on j.subject_id = d.id join search_words w on w.subject_id = o.id"
                " where o.number = %s and s.digest = sha256(c.salt || convert_to(c.changes, 'UTF8'))",
                [number],
            ).fetchone()
        assert row is not None
        data, changes, *rest = row
        assert json.loads(data) == shown["data"]
        texts.append((changes.replace(str(number), "N"), [str(each).replace(str(number), "N") for each in rest]))
    assert texts[0] == texts[1]
    assert left[0] == left[1] == {
        "orders": 1, "search_words": 1, "tag_uses": 0, "audit_entries": 1, "audit_changes": 1, "events": 1,
        "deliveries": 1, "jobs": 1,
    }  # fmt: skip


async def test_a_different_answer_stops_the_measurement(
    measured: list[Server], filled: Filled, environment: dict[str, str]
) -> None:
    # The stock server knows one direction.
    oldest = "{ clients(first: 1, orderBy: [{field: CREATED_AT, direction: ASC}]) { nodes { name } } }"
    workload = replace(workloads(filled.sample)[1], body=json.dumps({"query": oldest}).encode())
    assert await check(measured[:1], workload, filled.key, environment, filled.org_id) == 1
    with pytest.raises(UnexpectedResponse, match="W2: stock answers"):
        await check([measured[0], measured[2]], workload, filled.key, environment, filled.org_id)
    with pytest.raises(UnexpectedResponse, match="W2 of handwritten: 401"):
        await response_of(measured[1], workload, "sk_live_none")


async def test_a_load_counts_what_was_answered(measured: list[Server], filled: Filled) -> None:
    second, fifth = workloads(filled.sample)[1], workloads(filled.sample)[4]
    async with generating() as generator:
        rows = await compare(generator, measured[:2], [second, fifth], filled.key, 0.15)
        with pytest.raises(UnexpectedResponse, match="401"):
            await generator.drive(measured[1].port, [second.request("127.0.0.1", "none")], 200, 0.1)
    assert [row.workload.name for row in rows] == ["W2", "W5"]
    for row in rows:
        assert set(row.by) == {"ours", "handwritten"}
        for one in row.by.values():
            assert len(one.outcome.latencies) >= 48
            assert one.outcome.seconds > 0


async def test_calls_are_counted_for_each_request(measured: list[Server], filled: Filled, calls: Path) -> None:
    async with generating() as generator:
        found = await called(generator, measured[0], workloads(filled.sample)[4], filled.key, 0.3, calls)
    # One is under way for each connection when the counting begins and ends.
    assert found["send_reply (web/http.py)"][0] == pytest.approx(1, 0.2)
    assert "bench" not in "".join(found)


def test_calls_are_compared_by_part_and_function() -> None:
    before = {"f (execution/a.py)": (2.0, 1.0), "g (web/b.py)": (1.0, 0.0)}
    after = {"f (execution/a.py)": (1.0, 1.0), "g (web/b.py)": (1.0, 0.0), "h (web/b.py)": (4.0, 0.0)}
    workload = nested(50)
    lines = calls_table(workload, after, before).splitlines()
    assert lines[4:7] == ["| web | 1.0 | 5.0 | 4.0 |", "| execution | 3.0 | 2.0 | -1.0 |", "| all | 4.0 | 7.0 | 3.0 |"]
    assert lines[-2:] == ["| `h (web/b.py)` | 0.0 | 4.0 | 4.0 |", "| `f (execution/a.py)` | 3.0 | 2.0 | -1.0 |"]
    assert "| `f (execution/a.py)` | 3.0 |" in calls_table(workload, before)


async def test_instructions_are_those_of_a_server_without_timers(
    filled: Filled, environment: dict[str, str], tmp_path: Path
) -> None:
    async with serving("ours", environment, tmp_path, THROUGH, under=("env",), start_s=60) as server:
        shown, _ = await response_of(server, workloads(filled.sample)[1], filled.key)
    assert shown["data"]["clients"]["nodes"]
    with pytest.raises(RuntimeError, match="no totals"):
        dumped(tmp_path)
    (tmp_path / "callgrind.7").write_text("fn=(1)\n16 5\ntotals: 1234\n", encoding="utf-8")
    assert dumped(tmp_path) == 1234


def test_instructions_are_compared() -> None:
    lines = instructions_table([("W2: flat", 1.3, 1.25), ("W3: one", 0.9, None)]).splitlines()
    assert lines[2:] == ["| W2: flat | 1.250 | 1.300 | 1.040 |", "| W3: one |  | 0.900 |  |"]


async def test_a_large_organization_is_made_of_numbers(measured: list[Server], environment: dict[str, str]) -> None:
    async with running(settings_of(environment), min_size=1, max_size=1) as runtime:
        made = await fill(runtime, 815, SMALL)
    enlarge(environment, made.org_id, 1_000)
    assert counted(environment, made.org_id)["orders"] == SMALL.orders + 1_000
    shown, _ = await response_of(measured[0], nested(100), made.key)
    nodes = shown["data"]["clients"]["nodes"]
    assert len(nodes) == 100
    assert {len(node["orders"]["nodes"]) for node in nodes} == {5}
    assert not any(node["orders"]["pageInfo"]["hasNextPage"] for node in nodes)


def _row() -> Comparison:
    by = {
        "ours": Measured(Outcome(2.0, [10.0] * 98 + [30.0] * 2), 0.8),
        "handwritten": Measured(Outcome(1.0, [5.0] * 100), 0.5),
    }
    return Comparison(nested(50), 3, by)


def test_figures_have_every_server_and_ours_in_full() -> None:
    assert figures([_row()]) == {
        "W1": {
            "ours": 50.0, "handwritten": 100.0, "stock": None, "ours_p50_ms": 10.0, "ours_p99_ms": 30.0,
            "ours_cpu_ms": 0.8, "handwritten_cpu_ms": 0.5, "stock_cpu_ms": None, "statements": 3,
        }
    }  # fmt: skip


def test_tables_show_the_ratios() -> None:
    *_, line = table([_row()]).splitlines()
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1:] == ["50", "100", "", "0.50", "", "10.0", "30.0", "3.0", "0.80", "0.50", "", "3"]
    *_, line = pair_table([_row()], "ours", "handwritten").splitlines()
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1:] == ["50", "100", "2.00", "10.0", "5.0", "30.0", "5.0", "0.80", "0.50"]


def test_outcomes_add_up() -> None:
    both = Outcome(1.0, [1.0, 3.0], 0.1) + Outcome(3.0, [2.0], 0.2)
    assert (both.seconds, both.rate, both.within(0.5)) == (4.0, 0.75, 2.0)
    assert both.cpu == pytest.approx(0.3)


def test_samples_are_summed_up_by_part_and_function() -> None:
    text = (
        "<module> (server/cli.py:9);run (asyncio/runners.py:118) 5\n"
        "<module> (server/cli.py:9);run (asyncio/runners.py:118);handle (server/graphql.py:5);f (execution/a.py:7) 3\n"
        "<module> (server/cli.py:9);run (asyncio/runners.py:118);handle (server/graphql.py:51) 2\n"
        "<module> (server/cli.py:9);run (asyncio/runners.py:118);<lambda>.<locals>.<listcomp> (<string>:1) 4\n"
        "<module> (server/cli.py:9);run (asyncio/runners.py:118);__create_fn__.<locals>.__init__ (<string>:3) 1\n"
    )
    profile = read(text)
    assert profile.samples == 15
    assert profile.parts == {LOOP: 5, "execution": 3, "server": 2, COMPILED: 4, "dataclasses": 1}
    assert profile.own == {
        LOOP: 5,
        "f (execution/a.py)": 3,
        "handle (server/graphql.py)": 2,
        "<lambda>.<locals>.<listcomp>": 4,
        "__create_fn__.<locals>.__init__": 1,
    }
    assert profile.whole["handle (server/graphql.py)"] == 5
    assert profile.whole[LOOP] == 15


def test_growth_is_written_as_points_and_curves(tmp_path: Path) -> None:
    points = [(1.0, 10.04), (100.0, 20.0)]
    write(Growth(points, points, points, points, points), tmp_path / "docs")
    found = json.loads((tmp_path / "docs" / "growth.json").read_text(encoding="utf-8"))
    assert found["w1_by_page_size"] == [[1.0, 10.0], [100.0, 20.0]]
    assert len(found) == 5
    drawing = ElementTree.fromstring((tmp_path / "docs" / "growth.svg").read_text(encoding="utf-8"))
    assert len(drawing.findall("{http://www.w3.org/2000/svg}polyline")) == 5


@pytest.mark.parametrize(("most", "step"), [(4, 1), (7, 2), (10, 2.5), (1089, 500), (0.3, 0.1), (0, 1)])
def test_axes_have_round_steps(most: float, step: float) -> None:
    assert nice(most) == pytest.approx(step)


@pytest.mark.parametrize(("number", "label"), [(1, "1"), (1000, "1k"), (2500, "2.5k"), (10**6, "1M"), (0.25, "0.25")])
def test_ticks_are_short(number: float, label: str) -> None:
    assert short(number) == label
