"""What a client's access token may ask for, known from the document alone: every root field, field, filter and order of
the schema is asked for, each by itself."""

from dataclasses import replace
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from execution import Effort
from models.actors import Reserved
from resolvers.actor import Actor
from resolvers.api_keys.access_tokens import CLIENT_SCOPES
from resolvers.collections.collection import COLLECTIONS, of_nobody
from schema.graph import CORE
from schema.rules.reserved import MAX_PARTS, TOO_LARGE, needed_of
from tests.support.domains import ALL
from tests.support.furnished import document
from tests.support.reserved import ANY_CLIENT, CLIENT, HIDDEN, KEY, MEMBER, refusal

ROOTS = {
    *("client", "clients", "service", "services", "order", "orders", "invoice", "invoices", "message", "messages"),
    *("ticket", "tickets", "reply", "replies", "subscription", "subscriptions", "node", "nodes", "viewer", "health"),
    *("orderCounts", "invoiceTotals"),
}
MUTATIONS = {"createMessage", "createReply", "createTicket", "markMessagesRead", "transitionOrder", "submitForm"}
FILTERS = {
    "ClientFilter": {"tags"},
    "ServiceFilter": {"intakeForm", "intakeFormId", "tags"},
    "OrderFilter": {"assigneeIds", "form", "formId", "search", "tags"},
    "TicketFilter": {"assignee", "assigneeId", "tags"},
}
LISTS = {case.type: case.plural for case in ALL.values() if case.type in HIDDEN}


def _type(name: str) -> Any:
    return CORE.type_map[name]


def _literal(type_: Any) -> str:
    """A value of an input type."""
    named = get_named_type(type_)
    if isinstance(named, GraphQLInputObjectType):
        name = next((each for each in ("eq", "is_null", "has", "some", "id") if each in named.fields), None)
        return f"{{{name}: {_literal(named.fields[name].type)}}}" if name is not None else "{and: []}"
    if isinstance(named, GraphQLEnumType):
        return str(next(iter(named.values)))
    return {"Int": "1", "Boolean": "true", "MinorUnits": "1", "DateTime": '"2024-01-01T00:00:00Z"'}.get(
        named.name, '"x"'
    )


def _asked(field: GraphQLField, name: str) -> str:
    """A field with what it requires."""
    given = [f"{each}: {_literal(arg.type)}" for each, arg in field.args.items() if is_required_argument(arg)]
    selected = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
    return name + (f"({', '.join(given)})" if given else "") + selected


def _open(actor: Actor, asked: dict[str, str]) -> set[str]:
    return {name for name, text in asked.items() if refusal(actor, text) is None}


def test_root_fields_of_queries() -> None:
    asked = {name: f"{{ {_asked(field, name)} }}" for name, field in _type("Query").fields.items()}
    assert _open(CLIENT, asked) == ROOTS
    assert _open(MEMBER, asked) == _open(KEY, asked) == {*asked}


@pytest.mark.parametrize("name", HIDDEN)
def test_fields_of_what_clients_see(name: str) -> None:
    fields = _type(name).fields
    asked = {field: f'{{ node(id: "x") {{ ... on {name} {{ {_asked(fields[field], field)} }} }} }}' for field in fields}
    assert fields.keys() - _open(CLIENT, asked) == HIDDEN[name]
    # Scopes open nothing of it.
    assert _open(ANY_CLIENT, asked) <= fields.keys() - {
        *HIDDEN[name] & {"metadata", "notes", "source", "tags", "assigneeIds", "assigneeId"}
    }
    assert _open(MEMBER, asked) == _open(KEY, asked) == {*fields}


def test_every_type_that_a_client_may_ask_for_is_known() -> None:
    """What the roots lead to: a new type is the staff's until it is written down here."""
    met: set[str] = set()
    left = [get_named_type(_type("Query").fields[name].type) for name in ROOTS - {"node", "nodes"}]
    while left:
        type_ = left.pop()
        if not isinstance(type_, GraphQLObjectType) or type_.name in met:
            continue
        met.add(type_.name)
        hidden = HIDDEN.get(type_.name, set())
        left += [get_named_type(field.type) for name, field in type_.fields.items() if name not in hidden]
    parts = {name for name in met if name not in HIDDEN and not name.endswith(("Connection", "Edge"))}
    assert met - parts - {*HIDDEN} <= {f"{name}{kind}" for name in HIDDEN for kind in ("Connection", "Edge")}
    assert parts == {
        *("Attachment", "Author", "ClientTotal", "OrderCount", "PageInfo", "Health", "Viewer", "ViewerKey"),
        "InvoiceTotal",
        *("Organization", "InvoiceAddress", "InvoiceLine", "InvoicePayment", "InvoiceTax", "InvoiceParty", "Blocked"),
        *("OrderTransition", "InvoiceTransition", "SubscriptionTransition", "TicketTransition"),
    }


def test_clients_have_the_scopes_of_the_collections_with_rows_of_theirs() -> None:
    """`clients` of a Collection shows them nothing without its scope in CLIENT_SCOPES, nor the other way round."""
    shown = {each.resource.read_scope for each in COLLECTIONS.values() if each.clients is not of_nobody}
    assert {scope.replace(":write", ":read") for scope in CLIENT_SCOPES} == shown


def test_a_refusal_names_what_lacks_the_scope() -> None:
    for actor, named in ((CLIENT, "access token"), (replace(KEY, scopes=CLIENT_SCOPES), "API key")):
        found = refusal(actor, "{ webhooks { totalCount } }")
        assert found is not None
        assert (found.code, found.message) == ("FORBIDDEN", f"The {named} lacks the scope webhooks:read.")


@pytest.mark.parametrize("name", LISTS)
def test_filters_and_orders(name: str) -> None:
    plural, needs = LISTS[name], {"Message": 'orderId: "x", ', "Reply": 'ticketId: "x", '}.get(name, "")
    fields = _type(f"{name}Filter").fields
    ways = ("{%s}", "{not: {%s}}", "{and: [{or: [{%s}]}]}")
    for way in ways:
        asked = {
            each: f"{{ {plural}({needs}filter: {way % f'{each}: {_literal(field.type)}'}) {{ totalCount }} }}"
            for each, field in fields.items()
        }
        assert fields.keys() - _open(CLIENT, asked) == FILTERS.get(f"{name}Filter", set()), way
        assert _open(KEY, asked) == _open(MEMBER, asked) == {*fields}
    orders = _type(f"{name}OrderField").values
    asked = {each: f"{{ {plural}({needs}orderBy: [{{field: {each}}}]) {{ totalCount }} }}" for each in orders}
    assert _open(CLIENT, asked) == {*orders}


def test_a_filter_that_leads_to_what_is_the_staffs_says_which_it_is() -> None:
    text = "query($f: ClientFilter) { clients(filter: $f) { totalCount } }"
    found = refusal(CLIENT, text, f={"orders": {"none": {"not": {"tags": {"has": "vip"}}}}})
    assert found is not None
    assert (found.field, found.extra["path"]) == ("filter.orders.none.not.tags", ["clients"])
    found = refusal(CLIENT, text, f={"or": [{}, {"orders": {"some": {"tags": {"has": "vip"}}}}]})
    assert found is not None
    assert found.field == "filter.or.1.orders.some.tags"
    many = {"or": [{"orders": {"some": {"tags": {"has": str(number)}}}} for number in range(100)]}
    assert (
        len(
            [
                each
                for each in needed_of(COLLECTIONS["clients"], {"filter": many}, Effort())
                if isinstance(each, Reserved)
            ]
        )
        == 1
    )
    for nothing in (None, {}, {"has": None}, {"has": None, "hasAny": None}):
        assert refusal(CLIENT, text, f={"orders": {"none": {"tags": nothing}}}) is None
    assert refusal(CLIENT, text, f={"search": "ada"}) is None
    # A search without words is no search.
    for no_words in ("", "  ", "?!", None):
        assert refusal(CLIENT, text, f={"orders": {"some": {"search": no_words}}}) is None
    # The words of an order are those of its notes too.
    found = refusal(CLIENT, text, f={"orders": {"some": {"search": "x"}}})
    assert found is not None
    assert found.field == "filter.orders.some.search"


@pytest.mark.parametrize("first", [{"search": "x"}, {"tags": {"has": "vip"}}, {}])
def test_a_filter_that_is_too_large_to_be_looked_through_is_refused(first: dict[str, Any]) -> None:
    text = "query($f: OrderFilter) { orders(filter: $f) { nodes { id } } }"
    many = {"and": [first, *({} for _ in range(MAX_PARTS))]}
    found = refusal(CLIENT, text, f=many)
    assert found is not None
    assert (found.code, found.message) == ("FORBIDDEN", TOO_LARGE.why)
    # Through a list that has nothing of the staff's itself.
    text = 'query($f: MessageFilter) { messages(orderId: "order_01k", filter: $f) { nodes { id } } }'
    assert refusal(CLIENT, text, f={"and": [{"not": {}}, *({} for _ in range(MAX_PARTS))]}) is not None
    assert refusal(KEY, "query($f: OrderFilter) { orders(filter: $f) { nodes { id } } }", f=many) is None


def test_mutations() -> None:
    asked = {name: document(name) for name in _type("Mutation").fields}
    assert _open(CLIENT, asked) == _open(ANY_CLIENT, asked) == MUTATIONS
    assert {*asked} - _open(MEMBER, asked) == {
        *("createApiKey", "rotateApiKey", "createAccessToken"),
        *("createWebhook", "updateWebhook", "rotateWebhookSecret"),
    }
    assert _open(KEY, asked) == {*asked}


@pytest.mark.parametrize(
    ("mutation", "given", "refused"),
    [
        ("createMessage", {"orderId": "x", "body": "x"}, {"authorKind": "STAFF", "authorName": "Max"}),
        ("createMessage", {"orderId": "x", "body": "x", "authorKind": "CLIENT"}, {"authorName": "ada"}),
        ("createReply", {"ticketId": "x", "body": "x", "authorKind": "CLIENT", "authorName": "Ada"}, {}),
        ("createReply", {"ticketId": "x", "body": "x", "authorName": "Ada"}, {"authorKind": "AGENT"}),
        ("createReply", {"ticketId": "x", "body": "x"}, {"authorName": ["Ada"]}),
        ("createMessage", {"orderId": "x", "body": "x", "visibility": "PUBLIC"}, {"visibility": "INTERNAL"}),
        ("createReply", {"ticketId": "x", "body": "x"}, {"authorKind": "STAFF", "visibility": "INTERNAL"}),
        ("createTicket", {"subject": "x"}, {"assigneeId": "x", "tags": ["x"], "metadata": {"x": "y"}}),
        ("createTicket", {"subject": "x", "tags": [], "metadata": {}}, {}),
        # What there is not is said where values are judged.
        ("createTicket", {"subject": "x", "bdy": "x"}, {}),
        ("transitionOrder", {"id": "x", "to": "SUBMITTED"}, {"to": "CANCELLED"}),
        ("transitionOrder", {"id": "x", "to": "COMPLETED"}, {"to": "DELIVERED"}),
        ("transitionOrder", {"id": "x", "to": "REVISION_REQUESTED", "reason": "x"}, {"to": "IN_PROGRESS"}),
        ("transitionOrder", {"id": "x", "to": "SUBMITTED"}, {"to": "ON_HOLD"}),
    ],
)
def test_inputs(mutation: str, given: dict[str, Any], refused: dict[str, Any]) -> None:
    assert refusal(CLIENT, document(mutation), input=given) is None
    for name, value in refused.items():
        found = refusal(CLIENT, document(mutation), input=given | {name: value})
        assert found is not None, name
        assert (found.field, found.extra["path"]) == (f"input.{name}", [mutation])
        for actor in (MEMBER, KEY):
            assert refusal(actor, document(mutation), input=given | {name: value}) is None
        # Null is as absent.
        assert name in given or refusal(CLIENT, document(mutation), input=given | {name: None}) is None


def test_a_value_within_a_literal_and_one_of_another_type() -> None:
    text = 'mutation($to: OrderStatus!) { transitionOrder(input: {id: "x", to: $to}) { __typename } }'
    assert refusal(CLIENT, text, to="COMPLETED") is None
    values: tuple[Any, ...] = ("CANCELLED", ["COMPLETED"], {}, 1)
    for wrong in values:
        assert refusal(CLIENT, text, to=wrong) is not None
