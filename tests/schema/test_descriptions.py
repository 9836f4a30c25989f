"""What clients read in the schema and on the command line: everything is described, scopes and defaults are named."""

import re
from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    Undefined,
    graphql_sync,
    is_specified_directive,
)

from models.resources import scopes
from resolvers.clients import HISTORY
from schema.declaration.scopes import required_scope
from schema.graph import CORE, RULES
from server.cli.commands import COMMANDS, GROUPS
from server.cli.main import DESCRIPTION
from tests.support.domains import CASES, CREATED
from tests.support.furnished import input_of
from tests.support.openapi import openapi
from tests.support.optional_positions import may_be_null

REQUIRES = re.compile(r"Requires the scope `([^`]+)`\.(?:$| Allowed transitions:)")
# What a reference does not say: questions in place of nouns, and words that only our code knows.
NOT_SAID = re.compile(
    r"^(To which|Only what|Who |Whose |Why,|Which |How many|What )|\b(hears of|is told|tries)\b|it stands?\b"
    r"|is none any more|none of it|\bare none\b|(was|were) queued of|\bthat of everything"
    r"|\brehears|\b(the|a) move\b"
)


def _described() -> Iterator[tuple[str, Any]]:
    """Each part of the schema with a description of its own, by its coordinate."""
    for name, type_ in CORE.type_map.items():
        if name.startswith("__") or name in ("String", "Int", "Float", "Boolean", "ID"):
            continue
        yield name, type_
        if isinstance(type_, GraphQLEnumType):
            yield from ((f"{name}.{value}", part) for value, part in type_.values.items())
        for field_name, field in getattr(type_, "fields", {}).items():
            yield f"{name}.{field_name}", field
            for argument_name, argument in getattr(field, "args", {}).items():
                yield f"{name}.{field_name}({argument_name}:)", argument
    yield from ((f"@{each.name}", each) for each in CORE.directives if not is_specified_directive(each))


def test_every_part_of_the_schema_is_described_in_whole_sentences() -> None:
    found = list(_described())
    assert len(found) > 500
    # The last line of an order's description is the last of its transitions.
    assert [where for where, part in found if not (part.description or "").endswith((".", "`."))] == []
    assert [
        (where, part.description) for where, part in found if NOT_SAID.search(" ".join(part.description.split()))
    ] == []


def _type(name: str) -> Any:
    return CORE.type_map[name]


def test_what_needs_a_scope_says_which() -> None:
    said = {}
    for (type_name, field_name), rule in RULES.items():
        type_ = CORE.type_map[type_name]
        if isinstance(type_, GraphQLObjectType) and field_name in type_.fields:
            named = REQUIRES.search(type_.fields[field_name].description or "")
            assert named is None or named[1] == rule.requirement, (type_name, field_name)
            if named is not None:
                said[f"{type_name}.{field_name}"] = named[1]
    roots = {
        f"{on}.{name}": rule.requirement
        for (on, name), rule in RULES.items()
        if on in ("Query", "Mutation", "Subscription") and rule.requirement
    }
    assert len(roots) > 20
    beneath = {
        **{"Client.orders": "orders:read", "Service.orders": "orders:read", "Message.order": "orders:read"},
        **{"Order.client": "clients:read", "Order.service": "services:read", "Order.messages": "messages:read"},
        **{"Client.tickets": "tickets:read", "Order.tickets": "tickets:read", "Ticket.client": "clients:read"},
        **{"Ticket.order": "orders:read", "Ticket.assignee": "members:read", "Order.assignees": "members:read"},
        **{"Client.orderCounts": "orders:read", "Order.lastMessage": "messages:read", "Order.history": "audit:read"},
        **{"Client.invoices": "invoices:read", "Client.totals": "invoices:read", "Order.invoice": "invoices:read"},
        **{"Invoice.client": "clients:read", "Invoice.order": "orders:read"},
        **{"Submission.client": "clients:read", "Submission.ticket": "tickets:read"},
        **dict.fromkeys(("Service.intakeForm", "Order.form", "Order.formFields"), "forms:read"),
        **{"Client.subscriptions": "subscriptions:read", "Service.subscriptions": "subscriptions:read"},
        **{"Invoice.subscription": "subscriptions:read", "ClientSubscription.invoices": "invoices:read"},
        **{"ClientSubscription.client": "clients:read", "ClientSubscription.service": "services:read"},
        **dict.fromkeys(
            (f"{on}.agentJobs" for on in ("Client", "Order", "Ticket", "AgentDefinition")), "agent_jobs:read"
        ),
        **dict.fromkeys(("Client.agentCost", "Order.agentCost", "Order.margin"), "agent_jobs:read"),
        **dict.fromkeys(("AgentJob.definition", "AgentJob.definitionAsRun"), "agents:read"),
        **{"AgentJob.order": "orders:read", "Order.unreadMessages": "messages:read"},
        **{"AgentJob.ticket": "tickets:read", "AgentJob.client": "clients:read"},
    }
    assert said == roots | beneath
    assert "read scope of the object's type" in _type("Query").fields["node"].description
    assert "read scope of the object's type" in _type("Query").fields["nodes"].description
    assert "`messages:internal`" in _type("Visibility").description


def test_types_that_need_a_scope_say_which() -> None:
    needed = {
        type_.name: scope
        for type_ in CORE.type_map.values()
        if isinstance(type_, GraphQLObjectType) and "strawberry-definition" in type_.extensions
        if (scope := required_scope(type_.extensions["strawberry-definition"].directives)) is not None
    }
    assert len(needed) >= 39
    said = {
        type_.name: named[1]
        for type_ in CORE.type_map.values()
        if isinstance(type_, GraphQLObjectType)
        if (named := REQUIRES.search(type_.description or "")) is not None
    }
    assert said == needed
    # A webhook's receiver needs none.
    assert "Requires the scope" not in openapi()["components"]["schemas"]["Client"]["description"]


def test_what_keeps_a_client_is_said_in_both_apis() -> None:
    rest = openapi()["paths"]["/api/v1/clients/{publicId}"]["delete"]["description"]
    for text in (_type("Mutation").fields["deleteClient"].description, rest):
        said = " ".join(text.split())
        assert [kept.resource.labels for kept in HISTORY if kept.resource.labels not in said] == []


def test_filters_on_related_objects_say_which_scope_they_need() -> None:
    said = {
        f"{type_.name}.{name}": named[1]
        for type_ in CORE.type_map.values()
        if isinstance(type_, GraphQLInputObjectType)
        for name, field in type_.fields.items()
        if (named := REQUIRES.search(field.description or "")) is not None
    }
    assert said == {
        **{"ClientFilter.orders": "orders:read", "ServiceFilter.orders": "orders:read"},
        **{"OrderFilter.client": "clients:read", "OrderFilter.service": "services:read"},
        **{"OrderFilter.messages": "messages:read", "MessageFilter.order": "orders:read"},
        **{"ClientFilter.tickets": "tickets:read", "OrderFilter.tickets": "tickets:read"},
        **{"TicketFilter.client": "clients:read", "TicketFilter.order": "orders:read"},
        **{"TicketFilter.assignee": "members:read", "TicketFilter.replies": "tickets:read"},
        **{"ReplyFilter.ticket": "tickets:read"},
        **{"ClientFilter.invoices": "invoices:read", "OrderFilter.invoices": "invoices:read"},
        **{"InvoiceFilter.client": "clients:read", "InvoiceFilter.order": "orders:read"},
        **{"FormFilter.submissions": "forms:read", "SubmissionFilter.form": "forms:read"},
        **{"SubmissionFilter.client": "clients:read", "SubmissionFilter.ticket": "tickets:read"},
        **{"ServiceFilter.intakeForm": "forms:read", "OrderFilter.form": "forms:read"},
        **{"ClientFilter.subscriptions": "subscriptions:read", "ServiceFilter.subscriptions": "subscriptions:read"},
        **{"InvoiceFilter.subscription": "subscriptions:read", "ClientSubscriptionFilter.invoices": "invoices:read"},
        **{"ClientSubscriptionFilter.client": "clients:read", "ClientSubscriptionFilter.service": "services:read"},
        "AgentDefinitionFilter.agentJobs": "agent_jobs:read",
        **{"AgentJobFilter.definition": "agents:read", "AgentJobFilter.order": "orders:read"},
        **{"AgentJobFilter.ticket": "tickets:read", "AgentJobFilter.client": "clients:read"},
    }
    assert {*said.values()} <= scopes()


def test_defaults_are_in_the_schema_where_they_hold() -> None:
    found = {
        where: part.default_value
        for where, part in _described()
        if getattr(part, "default_value", Undefined) is not Undefined and not where.endswith("Order.direction")
    }
    inputs = [(str(input_of(case.creates)), case) for case in CREATED.values()]
    # A reply is also a part of an update.
    inputs.append(("ReplyInput", CASES["reply"]))
    of_parts = {
        "FormFieldInput.required": False,
        "FormFieldInput.options": [],
        "AgentToolInput.requiresApproval": False,
    }
    sizes = {where: value for where, value in found.items() if where.endswith("(first:)")}
    assert {where: value for where, value in found.items() if where not in sizes} == of_parts | {
        f"{type_}.{name}": value for type_, case in inputs for name, value in case.defaults.items()
    }
    # `last`, and a page back by `before` alone, work beside it.
    assert sizes == dict.fromkeys((where for where, _ in _described() if where.endswith("(first:)")), 20)
    assert "Query.clients(first:)" in sizes


def test_a_default_in_a_body_is_said_and_is_no_keyword() -> None:
    bodies = openapi()["components"]["schemas"]
    assert bodies["CreateClientBody"]["properties"]["status"]["description"].endswith(" Default: `LEAD`.")
    assert bodies["CreateOrderBody"]["properties"]["quantity"]["description"].endswith(" Default: `1`.")
    assert "Default" not in bodies["UpdateClientBody"]["properties"]["status"]["description"]
    # Generated clients would require a member that has it.
    assert not [
        name for body in bodies.values() for name, part in body.get("properties", {}).items() if "default" in part
    ]


def test_an_update_says_that_null_clears_where_it_does() -> None:
    for case in CREATED.values():
        for name in case.mutations:
            if name.startswith("update"):
                cleared = may_be_null(input_of(name)).keys() - case.never_null - {"expectedVersion"}
                assert ("`null` clears" in str(input_of(name).description)) == bool(cleared), name


def test_introspection_shows_them() -> None:
    asked = """{
        mutation: __type(name: "Mutation") { fields { name description } }
        input: __type(name: "CreateOrderInput") { inputFields { name defaultValue } }
        scalar: __type(name: "DateTime") { specifiedByURL }
    }"""
    data: Any = graphql_sync(CORE, asked).data
    fields = {each["name"]: each["description"] for each in data["mutation"]["fields"]}
    assert fields["createClient"] == "Create a client. Requires the scope `clients:write`."
    assert {each["name"]: each["defaultValue"] for each in data["input"]["inputFields"]}["quantity"] == "1"
    assert data["scalar"]["specifiedByURL"].startswith("https://www.rfc-editor.org/rfc/rfc3339")


def _texts(part: Any, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name in ("description", "summary") and isinstance(value, str):
                yield where, value
            else:
                yield from _texts(value, f"{where}/{name}")
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from _texts(value, f"{where}/{index}")


def test_the_openapi_document_says_it_in_the_same_way() -> None:
    found = list(_texts(openapi()))
    assert len(found) > 500
    assert [
        (where, text) for where, text in found if NOT_SAID.search(" ".join(text.split())) and "info" not in where
    ] == []


def test_each_line_of_the_help_names_what_it_does() -> None:
    lines = [DESCRIPTION, *GROUPS.values()]
    for command in COMMANDS:
        lines += [command.help, *(option.help for option in command.options)]
    assert {command.words[0] for command in COMMANDS if len(command.words) > 1} == GROUPS.keys()
    assert [line for line in lines if NOT_SAID.search(line) or (line.endswith(".") and line != DESCRIPTION)] == []
