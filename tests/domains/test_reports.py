"""Reports: asked for through the APIs, computed by a worker, read and downloaded."""

import csv
import io

import pytest

from models.reports import ReportKind
from models.typeid import decode
from resolvers import organizations
from resolvers.reports.catalogue import DEFINITIONS
from resolvers.reports.files import REPORT_CSV, REPORT_SVG
from tests.support.agents import call, new_definition, new_job
from tests.support.api import Org, new_client
from tests.support.clock import Clock
from tests.support.invoices import S, standing
from tests.support.refusals import error, problem, unchanged
from tests.support.reports import ACTIONS, EVENTS, JOB, NOW, PATH, YEAR, ask, computed, shown, work
from tests.support.subscriptions import catch_up, clock, do, new_subscription

__all__ = ["clock"]

CREATE = "mutation($input: CreateReportInput!) { createReport(input: $input) { report { id } } }"
DECADE = {"from": NOW["from"], "to": NOW["to"]}
ROWS = """query($id: ID!, $after: String, $order: [ReportRowOrder!], $filter: ReportRowFilter) { report(id: $id) {
  rows(first: 100, after: $after, orderBy: $order, filter: $filter) {
    nodes { number data } totalCount pageInfo { hasNextPage endCursor } } } }"""


def parameters(kind: ReportKind) -> dict[str, str]:
    """Parameters that a kind takes."""
    return YEAR if DEFINITIONS[kind].ranges else {"to": YEAR["to"]}


async def test_a_report_is_computed_read_and_downloaded(acme: Org) -> None:
    for status in (S.OPEN, S.PAID, S.VOID, S.DRAFT):
        await standing(acme, status)
    made = await ask(acme, "REVENUE", **NOW)
    assert (made["status"], made["progress"], made["rows"], made["totals"]) == ("QUEUED", 0, [], None)
    assert made["parameters"] == NOW | {"timezone": "UTC", "currency": "EUR"}
    await work(acme)
    found = await shown(acme, made["publicId"])
    figures = {"net": 30_000, "tax": 5_700, "invoices": 2, "collected": 17_850}
    assert (found["status"], found["progress"], found["error"]) == ("READY", 100, None)
    assert len(found["rows"]) == 9
    (year,) = [row for row in found["rows"] if row["invoices"]]
    assert {name: year[name] for name in figures} == found["totals"] == figures
    assert [*year] == [column["name"] for column in found["columns"]]
    lines = list(csv.reader(io.StringIO((await acme.http.get(found["csvUrl"])).text)))
    assert lines[0] == ["From", "To", "Net (EUR)", "Tax (EUR)", "Invoices", "Collected (EUR)"]
    assert [year["from"], year["to"], "300.00", "57.00", "2", "178.50"] in lines
    assert len(lines) == 10
    chart = await acme.http.get(found["svgUrl"])
    assert (chart.headers["content-type"], chart.content[:5], chart.content.strip()[-6:]) == (
        "image/svg+xml", b"<?xml", b"</svg>",
    )  # fmt: skip
    # The figures are those of the snapshot, whatever happens since.
    await standing(acme, S.OPEN)
    assert await shown(acme, made["publicId"]) == found
    assert [row["type"] for row in await acme.rows(EVENTS)] == ["report.ready"]
    entries = [tuple(row) for row in await acme.rows(ACTIONS)]
    assert entries == [("report:create", "KEY"), ("report:finish", "JOB")]
    assert [row["state"] for row in await acme.rows(JOB, acme.id)] == ["DONE"]


@pytest.mark.parametrize("kind", ReportKind)
async def test_each_kind_is_computed_of_nothing(acme: Org, kind: ReportKind) -> None:
    found = await computed(acme, kind, **parameters(kind))
    assert (found["status"], len(found["rows"])) == (
        "READY",
        {"TICKET_RESPONSE": 4}.get(kind, 12 * DEFINITIONS[kind].periodic),
    )
    assert [*found["totals"]] == [
        name for name in [each["name"] for each in found["columns"]] if name in found["totals"]
    ]
    assert set(found["totals"].values()) <= {0, None}
    for url in (found["csvUrl"], found["svgUrl"]):
        assert (await acme.http.get(url)).status_code == 200


async def test_recurring_revenue_begins_with_the_first_period(acme: Org, clock: Clock) -> None:
    later = [(await new_subscription(acme, startDate="2024-03-01"))["publicId"] for _ in range(2)]
    await new_subscription(acme, startDate="2023-11-15")
    await do(acme, "cancel", later[1])
    clock.set("2024-03-02")
    await catch_up(acme, later[0])
    found = await computed(acme, "MRR", **{"from": "2023-11-01", "to": "2024-05-01"})
    names = ("from", "opening", "new", "churn", "closing")
    # One that began in the past earns from the day on which it was created: past figures stay as they were.
    assert [tuple(row[name] for name in names) for row in found["rows"]] == [
        ("2023-11-01", 0, 0, 0, 0), ("2023-12-01", 0, 0, 0, 0), ("2024-01-01", 0, 1_000, 0, 1_000),
        ("2024-02-01", 1_000, 0, 0, 1_000), ("2024-03-01", 1_000, 1_000, 0, 2_000), ("2024-04-01", 2_000, 0, 0, 2_000),
    ]  # fmt: skip


async def test_a_kind_needs_the_scopes_of_what_it_sums(acme: Org) -> None:
    made = await computed(acme, "RECEIVABLES_AGING", to="2026-01-01")
    weak = acme.holding(await acme.new_key("reports:write", "invoices:read", "orders:read"))
    given = {"kind": "RECEIVABLES_AGING", "parameters": {"to": "2026-01-01"}}
    async with unchanged(acme):
        refused = error(await weak.graphql(CREATE, input=given), 403, "FORBIDDEN")
        assert (refused["scope"], refused["path"]) == ("clients:read", ["createReport"])
        text = 'mutation { createReport(input: {kind: MRR, parameters: {to: "2026-01-01"}}) { report { id } } }'
        assert error(await weak.graphql(text), 403, "FORBIDDEN")["scope"] == "subscriptions:read"
        assert problem(await weak.http.post(PATH, json=given), 403, "FORBIDDEN")["scope"] == "clients:read"
    # Nor does it see such a report, in any way.
    problem(await weak.http.get(f"{PATH}/{made['publicId']}"), 404, "NOT_FOUND", "path.publicId")
    for url in (made["csvUrl"], made["svgUrl"]):
        problem(await weak.http.get(url), 404, "NOT_FOUND", "path.publicId")
    mine = (await weak.http.post(PATH, json={"kind": "ORDER_THROUGHPUT", "parameters": YEAR})).json()["data"]
    listed = (await weak.http.get(PATH, params={"page": 1})).json()
    assert ([row["publicId"] for row in listed["data"]], listed["pagination"]["total"]) == ([mine["publicId"]], 1)
    assert (await weak.http.get(PATH, params={"kind": "RECEIVABLES_AGING,MRR"})).json()["data"] == []
    nobody = acme.holding(await acme.new_key("reports:read"))
    assert (await nobody.http.get(PATH)).json()["data"] == []
    assert problem(await nobody.http.post(PATH, json=given), 403, "FORBIDDEN")["scope"]


async def test_an_event_is_sent_to_endpoints_that_may_read_what_it_sums(acme: Org) -> None:
    hook = {"url": "https://93.184.216.34/hook", "events": ["*"]}
    for scopes in (("invoices:read",), ("invoices:write", "clients:read"), ()):
        key = acme.holding(await acme.new_key("webhooks:write", "reports:read", *scopes))
        assert (await key.http.post("/api/v1/webhooks", json=hook)).status_code == 201
    await computed(acme, "REVENUE", **YEAR)
    assert await acme.count("deliveries") == 2
    await computed(acme, "CLIENT_LIFETIME_VALUE", **YEAR)
    assert await acme.count("deliveries") == 3


async def test_a_report_is_its_organization_s(acme: Org, other: Org) -> None:
    found = await computed(acme, "REVENUE", **YEAR)
    for path in (found["csvUrl"], found["svgUrl"], f"{PATH}/{found['publicId']}"):
        problem(await other.http.get(path), 404, "NOT_FOUND", "path.publicId")
        problem(await acme.http.get(path, headers={"Authorization": ""}), 401, "UNAUTHENTICATED")
    weak = acme.holding(await acme.new_key("invoices:read"))
    assert problem(await weak.http.get(found["csvUrl"]), 403, "FORBIDDEN")["scope"] == "reports:read"


async def test_what_agents_used_is_in_micro_units_of_their_currency(acme: Org) -> None:
    definition, other = await new_definition(acme), await new_definition(acme, name="Order clerk")
    assert (await acme.http.put("/api/v1/org-settings", json={"agents.currency": "CHF"})).status_code == 200
    jobs = [await new_job(acme, which) for which in (definition, definition, other)]
    found = await computed(acme, "AGENT_USAGE", **DECADE)
    assert (found["rows"], found["totals"]) == ([], {"jobs": 0, "inputTokens": 0, "outputTokens": 0, "cost": 0})
    for job, cost in zip((*jobs, jobs[0]), (1, 12_345, 2_000_000, 4), strict=True):
        await call(acme, job, input_tokens=400, output_tokens=20, cost=cost)
    # Those of the setting's currency, whatever the organization's is, and no others.
    assert (await acme.http.put("/api/v1/org-settings", json={"agents.currency": "USD"})).status_code == 200
    await call(acme, await new_job(acme, other), input_tokens=7, output_tokens=1, cost=9)
    usual = await computed(acme, "AGENT_USAGE", **DECADE)
    assert (usual["parameters"]["currency"], [[*row.values()] for row in usual["rows"]]) == (
        "USD", [[other, "Order clerk", 1, 7, 1, 9]],
    )  # fmt: skip
    found = await computed(acme, "AGENT_USAGE", **DECADE, currency="CHF")
    assert [[*row.values()] for row in found["rows"]] == [
        [other, "Order clerk", 1, 400, 20, 2_000_000],
        [definition, "Order desk", 2, 1_200, 60, 12_350],
    ]
    assert found["totals"] == {"jobs": 3, "inputTokens": 1_600, "outputTokens": 80, "cost": 2_012_350}
    lines = list(csv.reader(io.StringIO((await acme.http.get(found["csvUrl"])).text)))
    assert lines[0] == [
        "Agent definition ID",
        "Agent definition",
        "Jobs",
        "Input tokens",
        "Output tokens",
        "Cost (CHF)",
    ]
    assert [line[-1] for line in lines[1:]] == ["2.000000", "0.012350"]


_PAID = """
with them as (
    insert into clients select c.* from generate_series(1, $2::int) n, jsonb_populate_record(null::clients, $1) base,
        lateral (select * from jsonb_populate_record(base, jsonb_build_object('id', gen_random_uuid(), 'name',
            case n when 1 then '=cmd()' else 'Client ' || n end, 'email', n || '@x.example', 'email_key',
            n || '@x.example'))) c
    returning org_id, id, split_part(email, '@', 1)::bigint as n
), owed as (
    insert into invoices (org_id, id, version, updated_at, metadata, number, number_key, client_id, currency, subtotal,
        discount, taxes, tax, total, amount_paid, status, issued_at, due_at, paid_at, seller, buyer, timezone, language)
    select org_id, id, 1, now(), '{}', 'N' || n, 'n' || n, id, 'EUR', 10000 - n, 0, '[]', 0, 10000 - n, 10000 - n,
        'PAID', '2025-03-01', '2025-03-01', '2025-03-01', '{}', '{}', 'UTC', 'en'
    from them
    returning org_id, id, total
)
insert into invoice_payments (org_id, id, invoice_id, amount, paid_at)
select org_id, gen_random_uuid(), id, total, '2025-03-02' from owed
"""


async def paying(org: Org, number: int) -> None:
    """Give an organization so many clients, of which each paid something, the first one most."""
    key = decode("client", (await new_client(org))["publicId"])
    (row,) = await org.rows("select to_jsonb(c) as base from clients c where id = $1", key)
    await org.rows(_PAID, row["base"], number)


async def test_many_rows_are_written_shown_and_downloaded_in_parts(acme: Org) -> None:
    await paying(acme, 2_050)
    made = await ask(acme, "CLIENT_LIFETIME_VALUE", **YEAR)
    await work(acme)
    found = await shown(acme, made["publicId"])
    # Made, begun, three portions, ready; and how far it was, where it took longer.
    assert (found["version"] >= 6, len(found["rows"]), found["rows"][0]["paid"]) == (True, 1_000, 9_999)
    assert found["totals"] == {"payments": 2_050, "paid": sum(10_000 - n for n in range(1, 2_051))}
    lines = list(csv.reader(io.StringIO((await acme.http.get(found["csvUrl"])).text)))
    assert (len(lines), lines[0]) == (2_051, ["Client ID", "Client", "Payments", "Paid (EUR)"])
    # No spreadsheet runs a client's name.
    assert (lines[1][1:], found["rows"][0]["client"]) == (["'=cmd()", "1", "99.99"], "=cmd()")
    key = decode("report", made["publicId"])
    assert key is not None
    ctx = organizations.command_line(acme.runtime, acme.id)
    async with ctx.snapshot():
        files = [await download.find(ctx, key) for download in (REPORT_CSV, REPORT_SVG)]
    assert [file and file.cost for file in files] == [205, 0]
    numbers: list[int] = []
    after: str | None = None
    while True:
        page = (await acme.data(ROWS, id=made["publicId"], after=after))["report"]["rows"]
        numbers += [row["number"] for row in page["nodes"]]
        assert page["totalCount"] == 2_050
        assert {row["number"] + row["data"]["paid"] for row in page["nodes"]} == {10_000}
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert numbers == [*range(1, 2_051)]
    last = await acme.data(ROWS, id=made["publicId"], order=[{"field": "NUMBER", "direction": "DESC"}])
    assert last["report"]["rows"]["nodes"][0]["number"] == 2_050
    some = await acme.data(ROWS, id=made["publicId"], filter={"number": {"gt": 2_040}})
    assert some["report"]["rows"]["totalCount"] == 10


@pytest.mark.parametrize("kind", ReportKind)
def test_the_description_of_a_kind_names_what_it_takes(kind: ReportKind) -> None:
    takes = {
        "from": DEFINITIONS[kind].ranges,
        "interval": DEFINITIONS[kind].periodic,
        "currency": DEFINITIONS[kind].priced,
    }
    said = kind.meaning.partition("Takes ")[2]
    assert {name: f"`{name}`" in said for name in takes} == takes
