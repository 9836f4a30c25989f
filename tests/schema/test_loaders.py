"""Every loader of the graph: one value for each parent, and the same whatever parents it is given together."""

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLObjectType, is_required_argument

from execution import Args, BatchField, FieldKind, ReadField, ResolverField, Variables, variables_of
from resolvers import organizations
from resolvers.context import Context
from resolvers.lists.pages import Page
from schema.declaration.fields import Batched, strawberry_fields
from schema.graph import CORE, FIELDS, SCHEMA
from schema.requests.engine import Engine
from tests.execution.support import run
from tests.support.cases import Case
from tests.support.domains import CASES
from tests.support.studio import LAX, Studio, answered

ROOT_TYPES = ("Query", "Mutation", "Subscription")
# What leads on from a domain's objects to others, of which no place below needs it.
MORE = {"apiKey": " createdByKey { id }", "auditEntry": " changes sequence seal"}


def _roots(case: Case) -> str:
    """A domain's list, and its look-up by an ID that may be another's."""
    assert CORE.query_type is not None, "the graph has queries"
    arguments = CORE.query_type.fields[case.plural].args.items()
    needed = [f"{name}: ${case.references[name]}" for name, each in arguments if is_required_argument(each)]
    given = f"({', '.join(needed)})" if needed else ""
    listed = f"all_{case.plural}: {case.plural}{given} {{ totalCount nodes {{ id{MORE.get(case.name, '')} }} }}"
    return f"{listed} one_{case.name}: {case.name}(id: $order) {{ id }}"


# Each type is reached from several places, in each of them with other arguments: its loaders get parents of each.
EVERYWHERE = """query($client: ID!, $order: ID!, $service: ID!, $message: ID!, $webhook: ID!, $ids: [ID!]!,
    $ticket: ID!, $reply: ID!) {
  viewer { ...Viewer } who: viewer { ...Viewer } ROOTS
  orgSettings { version } auditExport(id: $order) { id }
  orderCounts { count } some: orderCounts(filter: {status: {in: [COMPLETED]}}) { count } invoiceTotals { count }
  clientTags { tag } serviceTags { tag } orderTags(first: 2) { tag } ticketTags { tag }
  clients(first: 3) { ...Clients } few: clients(first: 2, filter: {status: {eq: ACTIVE}}) { ...Clients }
  services(first: 3) { ...Services } cheap: services(filter: {price: {lt: 20000}}, first: 1) { ...Services }
  orders(first: 3) { ...Orders } done: orders(first: 2, filter: {status: {in: [COMPLETED]}}) { ...Orders }
  last: orders(last: 2, orderBy: [{field: NUMBER}]) { ...Orders }
  messages(orderId: $order, first: 2) { ...Messages }
  said: messages(orderId: $order, filter: {authorKind: {eq: CLIENT}}) { ...Messages }
  tickets(first: 3) { ...Tickets } late: tickets(first: 2, filter: {breached: {eq: true}}) { ...Tickets }
  replies(ticketId: $ticket, first: 2) { ...Replies }
  webhooks { ...Webhooks } off: webhooks(filter: {status: {eq: DISABLED}}) { ...Webhooks }
  client(id: $client) { ...Client } order(id: $order) { ...Order } service(id: $service) { ...Service }
  message(id: $message) { ...Message } webhook(id: $webhook) { ...Webhook }
  ticket(id: $ticket) { ...Ticket } reply(id: $reply) { ...Reply }
  invoices(first: 3) { ...Invoices } due: invoices(first: 2, filter: {status: {eq: DRAFT}}) { ...Invoices }
  forms(first: 3) { ...Forms } open: forms(first: 2, filter: {status: {eq: PUBLISHED}}) { ...Forms }
  submissions(first: 3) { ...Submissions } spam: submissions(filter: {spam: {eq: true}}) { ...Submissions }
  subscriptions(first: 3) { ...Subscriptions }
  agentDefinitions(first: 3) { ...Agents } desk: agentDefinitions(first: 1) { ...Agents }
  agentJobs(first: 3) { ...Jobs } over: agentJobs(last: 3, filter: {status: {eq: SUCCEEDED}}) { ...Jobs }
  reports(first: 3) { ...Reports } later: reports(last: 2) { ...Reports }
  run: subscriptions(last: 2, filter: {status: {eq: ACTIVE}}) { ...Subscriptions }
  node(id: $order) { ...Order } nodes(ids: $ids) { ...Client ...Order ...Service ...Message ...Webhook }
}
fragment Viewer on Viewer { organization { name } memberId clientId }
fragment Clients on ClientConnection { totalCount nodes { ...Client } }
fragment Services on ServiceConnection { totalCount nodes { ...Service } }
fragment Orders on OrderConnection { totalCount nodes { ...Order } }
fragment Messages on MessageConnection { totalCount nodes { ...Message } }
fragment Tickets on TicketConnection { totalCount nodes { ...Ticket } }
fragment Replies on ReplyConnection { totalCount nodes { ...Reply } }
fragment Invoices on InvoiceConnection { totalCount nodes { ...Invoice } }
fragment Forms on FormConnection { totalCount nodes { ...Form } }
fragment Form on Form { availableTransitions { to } submissions(first: 2) { totalCount nodes { id } } }
fragment Submissions on SubmissionConnection { totalCount nodes { ...Submission } }
fragment Submission on Submission { fields { key } form { ...Form } client { id } ticket { id } }
fragment Bills on InvoiceConnection { totalCount nodes { id order { id } } }
fragment Invoice on Invoice {
  availableTransitions { to allowed } client { totals { currency } } order { id } subscription { id }
}
fragment Subscriptions on ClientSubscriptionConnection { totalCount nodes { ...Subscription } }
fragment Subscription on ClientSubscription {
  availableTransitions { to allowed } client { id } service { id } invoices(first: 1) { ...Bills }
}
fragment Agents on AgentDefinitionConnection { totalCount nodes { agentJobs(first: 2) { ...Queued } } }
fragment Queued on AgentJobConnection { totalCount nodes { id } }
fragment Jobs on AgentJobConnection { totalCount nodes { ...Job } }
fragment Job on AgentJob {
  availableTransitions { to } input output plan stale
  definition { agentJobs(first: 1) { ...Queued } } definitionAsRun { version }
  order { agentJobs(first: 1) { ...Queued } } ticket { agentJobs(first: 1) { ...Queued } }
  client { agentJobs(first: 1) { ...Queued } }
  steps(first: 2) { totalCount nodes { id } }
}
fragment Reports on ReportConnection { totalCount nodes { firstRows rows(first: 2) { totalCount nodes { number } } } }
fragment Webhooks on WebhookEndpointConnection { totalCount nodes { ...Webhook } }
fragment Deliveries on DeliveryConnection { totalCount nodes { id attempts { at } } }
fragment Counted on OrderConnection { totalCount pageInfo { endCursor } }
fragment Client on Client {
  orderCounts { count }
  orders(first: 2, orderBy: [{field: TOTAL}]) { ...Counted } tickets(first: 1) { totalCount nodes { id } }
  invoices(first: 2) { ...Bills } totals { currency lifetimeValue } agentCost { currency cost }
  subscriptions(first: 1) { totalCount nodes { id } }
}
fragment Service on Service {
  intakeForm { id } orders(first: 2, filter: {total: {gt: 1}}) { ...Counted }
  subscriptions(first: 1) { totalCount nodes { id } }
}
fragment Order on Order {
  assignees { id name } form { id } formFields { key }
  availableTransitions { to allowed } history(first: 2) { totalCount nodes { changes sequence seal } }
  client { orders(first: 1) { ...Counted } } service { orders(first: 1) { ...Counted } }
  messages(first: 1) { totalCount nodes { ...Message } } tickets(first: 1) { totalCount nodes { id } }
  lastMessage { body } unreadMessages invoice { id order { invoice { number } } } agentCost { currency cost } margin
}
fragment Ticket on Ticket {
  availableTransitions { to } client { id } order { id } assignee { id }
  replies(first: 1) { totalCount nodes { ...Reply } }
}
fragment Reply on Reply { ticket { availableTransitions { to } } }
fragment Message on Message { order { availableTransitions { to } } }
fragment Webhook on WebhookEndpoint { deliveries(first: 2) { ...Deliveries } }""".replace(
    "ROOTS", "\n  ".join(map(_roots, CASES.values()))
)
HOOK = 'mutation { a: createWebhook(input: {url: "https://93.184.216.34/", events: ["*"]}) { webhook { id } } }'

HEARD = 'mutation { a: createClient(input: {name: "Ada", email: "heard@example.org"}) { client { id } } }'


@dataclass
class Call:
    """One call of a loader."""

    kind: BatchField
    parents: list[Any]
    args: Args


class Recorder:
    """The graph's fields, whose loaders tell how they are called."""

    def __init__(self) -> None:
        self.calls: dict[tuple[str, str], list[Call]] = {}

    def __call__(self, type_: GraphQLObjectType, name: str, field: GraphQLField) -> FieldKind:
        kind = FIELDS(type_, name, field)
        if not isinstance(kind, BatchField):
            return kind
        calls = self.calls.setdefault((type_.name, name), [])

        async def resolve(ctx: Context, parents: list[Any], args: Args) -> Any:
            values = await kind.resolve(ctx, parents, args)
            calls.append(Call(kind, parents, args))
            return values

        # A field that comes with its parent's row is not loaded: none does, so that each is.
        return BatchField(
            resolve, kind.arguments, kind.names, kind.needs, kind.trusted, kind.joins_inline, None, kind.cost
        )


def shown(value: Any) -> Any:
    """A loader's value as it can be compared."""
    if isinstance(value, Page):
        rows = [shown(row) for row in value.rows]
        return rows, value.has_next_page, value.has_previous_page, value.request.column
    # Which of the parents a row belongs to is the loader's own column.
    return {name: part for name, part in value.items() if name != "nth"} if hasattr(value, "keys") else value


async def loaded(ctx: Context, call: Call, parents: list[Any]) -> list[Any]:
    """What a loader gives for some parents."""
    # What was kept of one call must not serve another.
    values = await call.kind.resolve(ctx, parents, Args(call.args.columns, call.args.values))
    return [shown(value) for value in values]


@pytest.fixture(scope="module")
async def recorded(studio: Studio) -> dict[tuple[str, str], list[Call]]:
    """The calls of every loader in a query that reaches all of them."""
    made, _ = await answered(studio, Engine(LAX), HOOK, {})
    assert made.errors == []
    hook = made.data["a"]["webhook"]["id"]
    heard, _ = await answered(studio, Engine(LAX), HEARD, {})
    assert heard.errors == []
    named = {kind: next(each for each in studio.ids if each.startswith(kind)) for kind in
             ("client", "order", "service", "message", "ticket", "reply")}  # fmt: skip
    variables = named | {"webhook": hook, "ids": [*named.values(), hook, *studio.ids[:9]]}
    engine, recorder = Engine(LAX), Recorder()
    prepared = engine.measure(EVERYWHERE, None, variables)
    engine.validate(prepared, None)
    coerced = variables_of(CORE, prepared.operation, variables)
    assert isinstance(coerced, Variables)
    ctx = organizations.command_line(studio.runtime, studio.org_id)
    async with ctx.snapshot():
        answer = await run(CORE, prepared.operation, coerced, recorder, context=ctx)
    assert answer.errors is None
    return recorder.calls


def loaders() -> list[tuple[str, str]]:
    """Every field of the graph that is loaded for many parents at once: a subscription's root is one event."""
    return [
        (type_name, field_name)
        for type_name, field_name, declared in strawberry_fields(SCHEMA)
        if type_name != "Subscription" and any(isinstance(extension, Batched) for extension in declared.extensions)
    ]


@pytest.mark.parametrize(("type_name", "field_name"), loaders())
async def test_a_loader_gives_each_parent_its_own_value(
    studio: Studio, recorded: dict[tuple[str, str], list[Call]], type_name: str, field_name: str
) -> None:
    calls = recorded.get((type_name, field_name))
    assert calls, "no place of a query leads to it: add it to EVERYWHERE or MORE, and rows to server/dev/demo_rows.py"
    ctx = organizations.command_line(studio.runtime, studio.org_id)
    async with ctx.snapshot():
        for call in calls:
            alone = [(await loaded(ctx, call, [parent]))[0] for parent in call.parents]
            assert await loaded(ctx, call, call.parents) == alone
            assert await loaded(ctx, call, call.parents * 3) == alone * 3
        for one, other in permutations(calls, 2):
            if one.args.columns == other.args.columns and one.args.values == other.args.values:
                both = await loaded(ctx, one, one.parents + other.parents)
                assert both == await loaded(ctx, one, one.parents) + await loaded(ctx, one, other.parents)


def test_the_loaders_are_many_and_the_counts_are_of_many_lists(recorded: dict[tuple[str, str], list[Call]]) -> None:
    assert {field for field in recorded if field[0] != "Subscription"} == set(loaders())
    assert len(recorded) >= 25
    counted = [page.request.list_key for call in recorded["OrderConnection", "totalCount"] for page in call.parents]
    assert len(set(counted)) >= 5


def test_no_field_of_a_row_has_the_name_of_one_with_a_resolver_of_its_own() -> None:
    """A document with such a name is resolved value by value: none is written by its plan."""
    types: Any = CORE.type_map
    declared = strawberry_fields(SCHEMA)
    kinds = {(on, name): FIELDS(types[on], name, types[on].fields[name]) for on, name, _ in declared}
    own = {name for (on, name), kind in kinds.items() if isinstance(kind, ResolverField) and on not in ROOT_TYPES}
    rows = {name for (_, name), kind in kinds.items() if isinstance(kind, ReadField)}
    assert own & rows <= {"key"}
