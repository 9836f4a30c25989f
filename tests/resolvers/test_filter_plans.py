"""Filters by both ways to their rows: from the candidates that an index finds, and along the page's order."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bench.filters.cases import Case, cases, uncovered
from bench.filters.ids import id_of
from resolvers.collections.collection import COLLECTIONS
from resolvers.lists import candidates
from resolvers.lists.pages import STATEMENTS
from schema.requests.results import OperationResult
from tests.support.api import Org, new_client, new_order
from tests.support.filled import SIZE, Filled, asked, filled_organization
from tests.support.servers import Backends

LISTS = {
    "members": ("members(first: 100, filter: $f) { ...L }", "$f: MemberFilter", "MemberConnection"),
    "api_keys": ("apiKeys(first: 100, filter: $f) { ...L }", "$f: ApiKeyFilter", "ApiKeyConnection"),
    "clients": ("clients(first: 100, filter: $f) { ...L }", "$f: ClientFilter", "ClientConnection"),
    "services": ("services(first: 100, filter: $f) { ...L }", "$f: ServiceFilter", "ServiceConnection"),
    "orders": (
        "orders(first: 100, filter: $f, orderBy: [{field: TOTAL, direction: ASC}]) { ...L }", "$f: OrderFilter",
        "OrderConnection",
    ),
    "invoices": (
        "invoices(first: 100, filter: $f, orderBy: [{field: DUE_AT, direction: DESC}]) { ...L }", "$f: InvoiceFilter",
        "InvoiceConnection",
    ),
    "subscriptions": (
        "subscriptions(first: 100, filter: $f, orderBy: [{field: CURRENT_PERIOD_END}]) { ...L }",
        "$f: ClientSubscriptionFilter", "ClientSubscriptionConnection",
    ),
    "messages": (
        "messages(orderId: $id, first: 100, filter: $f) { ...L }", "$f: MessageFilter, $id: ID!", "MessageConnection",
    ),
    "tickets": (
        "tickets(first: 100, filter: $f, orderBy: [{field: WAITING_SINCE, direction: ASC}]) { ...L }",
        "$f: TicketFilter", "TicketConnection",
    ),
    "replies": (
        "replies(ticketId: $id, first: 100, filter: $f) { ...L }", "$f: ReplyFilter, $id: ID!", "ReplyConnection",
    ),
    "forms": ("forms(first: 100, filter: $f, orderBy: [{field: NAME}]) { ...L }", "$f: FormFilter", "FormConnection"),
    "submissions": ("submissions(first: 100, filter: $f) { ...L }", "$f: SubmissionFilter", "SubmissionConnection"),
    "deliveries": (
        "webhook(id: $id) { deliveries(first: 100, filter: $f) { ...L } }", "$f: DeliveryFilter, $id: ID!",
        "DeliveryConnection",
    ),
    "webhooks": ("webhooks(first: 100, filter: $f) { ...L }", "$f: WebhookEndpointFilter", "WebhookEndpointConnection"),
    "audit_entries": (
        "auditEntries(first: 100, filter: $f) { ...L }", "$f: AuditEntryFilter", "AuditEntryConnection",
    ),
    "agent_definitions": (
        "agentDefinitions(first: 100, filter: $f, orderBy: [{field: NAME}]) { ...L }", "$f: AgentDefinitionFilter",
        "AgentDefinitionConnection",
    ),
    "agent_jobs": (
        "agentJobs(first: 100, filter: $f, orderBy: [{field: EXPIRES_AT}]) { ...L }", "$f: AgentJobFilter",
        "AgentJobConnection",
    ),
    "steps": (
        "agentJob(id: $id) { steps(first: 100, filter: $f) { ...L } }", "$f: AgentStepFilter, $id: ID!",
        "AgentStepConnection",
    ),
    "reports": ("reports(first: 100, filter: $f) { ...L }", "$f: ReportFilter", "ReportConnection"),
    "report_rows": (
        "report(id: $id) { rows(first: 100, filter: $f) { ...L } }", "$f: ReportRowFilter, $id: ID!",
        "ReportRowConnection",
    ),
    "failed_jobs": ("failedJobs(first: 100, filter: $f) { ...L }", "$f: FailedJobFilter", "FailedJobConnection"),
}  # fmt: skip
PARENTS = {
    "messages": ("order", "orders"),
    "replies": ("ticket", "tickets"),
    "deliveries": ("webhook", "endpoints"),
    "steps": ("job", "agent_jobs"),
    "report_rows": ("report", "reports"),
}
EVERY = list(cases(SIZE))


@pytest.fixture(scope="module")
async def filled(backends: Backends, template: str) -> AsyncIterator[Filled]:
    async with filled_organization(backends, template) as made:
        yield made


async def ask(filled: Filled, case: Case) -> OperationResult:
    variables: dict[str, Any] = {"f": case.filter}
    if case.listed in PARENTS:
        variables["id"] = id_of(*PARENTS[case.listed], 1)
    root, given, on = LISTS[case.listed]
    shown = "number" if on == "ReportRowConnection" else "id"
    text = f"query ({given}) {{ {root} }} fragment L on {on} {{ totalCount nodes {{ {shown} }} }}"
    return await asked(filled, text, variables)


def page_of(answer: OperationResult) -> dict[str, Any]:
    assert not answer.errors, answer.errors
    assert answer.data is not None
    page: dict[str, Any] = answer.data
    while "nodes" not in page:
        (page,) = page.values()
    return page


def test_every_condition_of_the_graph_has_a_case() -> None:
    assert uncovered(SIZE) == [], "add a case for each of these conditions to bench/filters"
    lists = {name for name, collection in COLLECTIONS.items() if collection.filters}
    assert lists - LISTS.keys() == set(), "say in LISTS how each of these is asked for, and in `filled` what it holds"


def test_a_list_without_cases_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COLLECTIONS, "gadgets", COLLECTIONS["members"])
    found = uncovered(SIZE)
    assert {each.partition(".")[0] for each in found} == {"gadgets"}
    assert len(found) > len(COLLECTIONS["members"].filters)


async def both_ways(filled: Filled, case: Case, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The page that both ways find."""
    found = []
    for most in (10_000, 0):
        monkeypatch.setattr(candidates, "MAX_CANDIDATES", most)
        monkeypatch.setattr(candidates, "MAX_CANDIDATES_OF_ONE_TABLE", most)
        STATEMENTS.clear()
        found.append(page_of(await ask(filled, case)))
    STATEMENTS.clear()
    few, along = found
    assert few == along, case
    assert len(few["nodes"]) == min(few["totalCount"], 100)
    return few


@pytest.mark.parametrize("listed", LISTS)
async def test_both_ways_find_the_rows_of_a_condition_and_the_others_of_its_opposite(
    filled: Filled, listed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = page_of(await ask(filled, Case(listed, "", "", {})))["totalCount"]
    for case in (each for each in EVERY if each.listed == listed):
        found = await both_ways(filled, case, monkeypatch)
        # One `and` is as deep as a filter may be.
        if case.name != "and":
            opposite = await both_ways(filled, replace(case, filter={"not": case.filter}), monkeypatch)
            assert opposite["totalCount"] == every - found["totalCount"], case


@pytest.mark.parametrize(
    ("listed", "condition", "related"),
    [
        ("invoices", {"overdue": {"eq": True}}, {"client": {"status": {"eq": "LEAD"}}}),
        ("tickets", {"breached": {"eq": True}}, {"order": {"number": {"lte": 10}}}),
    ],
)
async def test_a_condition_on_several_columns_stands_beside_one_on_another_table(
    filled: Filled, listed: str, condition: Any, related: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, *each = [
        (await both_ways(filled, Case(listed, "or", "", {"or": some}), monkeypatch))["totalCount"]
        for some in ([condition, related], [condition], [related])
    ]
    assert max(each) < both <= sum(each)


async def test_what_is_null_is_found_and_not_equal_to_anything(acme: Org) -> None:
    client = (await new_client(acme))["publicId"]
    due = (await new_order(acme, client))["publicId"]
    path = f"/api/v1/orders/{due}"
    assert (await acme.http.put(path, json={"dueAt": "2026-01-02T00:00:00.000Z"})).status_code == 200
    never = (await new_order(acme, client))["publicId"]
    query = "query($f: OrderFilter) { orders(filter: $f) { totalCount nodes { id } } }"
    after: dict[str, Any] = {"dueAt": {"gt": "2026-06-01T00:00:00.000Z"}}
    for filter_, expected in (
        ({"dueAt": {"isNull": True}}, [never]),
        ({"dueAt": {"isNull": False}}, [due]),
        ({"createdAt": {"isNull": True}}, []),
        ({"updatedAt": {"isNull": False}}, [never, due]),
        ({"not": after}, [never, due]),
        ({"not": {"dueAt": {"lt": "2026-06-01T00:00:00.000Z"}}}, [never]),
        ({"not": {"not": after}}, []),
        ({"not": {"or": [after, {"number": {"lt": 0}}]}}, [never, due]),
    ):
        page = (await acme.data(query, f=filter_))["orders"]
        assert [node["id"] for node in page["nodes"]] == expected, filter_
        assert page["totalCount"] == len(expected), filter_


async def test_a_text_is_one_of_several_without_case(acme: Org) -> None:
    for name in ("Ada", "Grace", "Edsger"):
        await new_client(acme, name=name)
    query = "query($f: ClientFilter) { clients(filter: $f, orderBy: [{field: NAME}]) { nodes { name } } }"
    page = (await acme.data(query, f={"name": {"in": ["GRACE", "ada", "nobody"]}}))["clients"]
    assert [node["name"] for node in page["nodes"]] == ["Ada", "Grace"]
