"""The graph, put together: the schema, and the rules that follow from how its fields are declared."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import strawberry
from graphql import GraphQLObjectType, get_named_type, get_nullable_type, is_leaf_type, is_list_type
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter

from execution import Effort, Executor, FieldRule, Serializers, introspection_rules
from models.parts import column_of
from models.resources import scopes
from models.typeid import prefix_of
from resolvers.collections.collection import COLLECTIONS, Collection
from resolvers.collections.nodes import NODES
from schema.agent_jobs.mutations import AgentJobMutation
from schema.agent_jobs.types import AgentJobQuery
from schema.agents import AgentDefinitionMutation, AgentDefinitionQuery
from schema.api_keys import ApiKeyMutation, ApiKeyQuery
from schema.audit import AuditMutation, AuditQuery
from schema.clients import ClientMutation, ClientQuery
from schema.declaration.fields import (
    RESOURCE_TYPES,
    ROW_TYPES,
    Batched,
    resolve_default,
    strawberry_fields,
)
from schema.declaration.nulls import make_nulls_absent
from schema.declaration.scalars import SCALARS
from schema.declaration.scopes import required_scope
from schema.forms.mutations import FormMutation
from schema.forms.types import FormQuery
from schema.invoices.mutations import InvoiceMutation
from schema.invoices.types import InvoiceQuery
from schema.jobs import JobMutation, JobQuery
from schema.live.fields import Subscription, event_scopes
from schema.members import MemberMutation, MemberQuery
from schema.messages import MessageMutation, MessageQuery
from schema.orders import OrderMutation, OrderQuery
from schema.reports import ReportMutation, ReportQuery
from schema.rules.introspected import describe_enums, name_nodes, name_reserved, name_scopes, show_defaults
from schema.rules.multipliers import MANY, PAGE, items_of, most_of, page_size
from schema.rules.planned import fields_of_schema
from schema.rules.prices import COUNTED, column_weight, counted_price, filter_price, is_short, size_of
from schema.rules.reserved import column_needs, needed_of, order_needs
from schema.services import ServiceMutation, ServiceQuery
from schema.settings import SettingsMutation, SettingsQuery
from schema.subscriptions import SubscriptionMutation, SubscriptionQuery
from schema.tickets import TicketMutation, TicketQuery
from schema.viewer import ViewerQuery
from schema.webhooks.mutations import WebhookMutation
from schema.webhooks.types import WebhookQuery

RequirementsOf = Callable[[Mapping[str, Any], Effort], list[Any]]
# What counting the rows of a connection costs, and how many times the price of its filters: it looks at every row.
COUNTING = (2, COUNTED)


@strawberry.type(description="The root of all queries.")
class Query(
    ClientQuery, ServiceQuery, OrderQuery, InvoiceQuery, SubscriptionQuery, MessageQuery, TicketQuery, FormQuery,
    AgentDefinitionQuery, AgentJobQuery, MemberQuery, WebhookQuery, ApiKeyQuery, SettingsQuery, AuditQuery,
    JobQuery, ReportQuery, ViewerQuery,
):  # fmt: skip
    """What can be asked."""


@strawberry.type(description="The root of all mutations. Each root field is one transaction.")
class Mutation(
    ClientMutation, ServiceMutation, OrderMutation, InvoiceMutation, SubscriptionMutation, MessageMutation,
    TicketMutation, FormMutation, AgentDefinitionMutation, AgentJobMutation, MemberMutation, WebhookMutation,
    ApiKeyMutation, SettingsMutation, AuditMutation, JobMutation, ReportMutation,
):  # fmt: skip
    """What can be done."""


class Names(NameConverter):
    """Names of generics: ``OrderConnection``, ``OrderStatusFilter``, ``OrderListFilter``, ``OrderTransition``."""

    def from_generic(self, generic_type: Any, types: Any) -> str:
        """Return the name of a generic with its arguments."""
        held = "".join(self.get_name_from_type(type_) for type_ in types)
        name: str = generic_type.name
        return held.removesuffix(REPLACED.get(name, "")) + name


# What a generic's argument ends with that its own name says again.
REPLACED = {"ListFilter": "Filter", "Transition": "Status"}
SCHEMA = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    config=StrawberryConfig(default_resolver=resolve_default, scalar_map=SCALARS, name_converter=Names()),
)
CORE = SCHEMA._schema
make_nulls_absent(SCHEMA)
show_defaults(CORE)
describe_enums(CORE)
name_nodes(CORE)


def _node_scopes(arguments: Mapping[str, Any], effort: Effort) -> list[str]:
    """Return the scopes that ids by themselves need: their prefixes tell the types."""
    asked = arguments.get("ids") if "ids" in arguments else [arguments.get("id")]
    items = asked if isinstance(asked, list) else [asked]
    effort.spend(len(items))
    prefixes = {prefix_of(item) for item in items if isinstance(item, str)}
    return sorted(NODES[prefix].resource.read_scope for prefix in prefixes if prefix in NODES)


def _by_arguments(on: str, name: str, listed: Collection | None) -> tuple[RequirementsOf | None, tuple[str, ...]]:
    """Return what tells from its arguments what a field needs, and the arguments that it reads."""
    if on == "Query" and name in ("node", "nodes"):
        return _node_scopes, ("id", "ids")
    if on == "Subscription" and name == "events":
        return event_scopes, ("types",)
    if listed is None:
        return None, ()
    return partial(needed_of, listed), ("filter", "orderBy") if order_needs(listed) else ("filter",)


def _origin(type_: Any) -> Any:
    return getattr(type_.extensions.get("strawberry-definition"), "origin", None)


def _rules() -> dict[tuple[str, str], FieldRule]:
    found = {}
    for type_name, field_name, declared in strawberry_fields(SCHEMA):
        on: Any = CORE.type_map[type_name]
        field = on.fields[field_name]
        held = get_named_type(field.type)
        connection = held.name.endswith("Connection")
        node: Any = CORE.type_map[held.name.removesuffix("Connection")] if connection else held
        of_type = node.extensions.get("strawberry-definition") if isinstance(node, GraphQLObjectType) else None
        scope = required_scope(declared.directives) or required_scope(getattr(of_type, "directives", None))
        batched = any(isinstance(extension, Batched) for extension in declared.extensions)
        is_object = isinstance(held, GraphQLObjectType) and not connection
        cost = declared.metadata.get("cost")
        if cost is None:
            cost = 2 if connection else 1 if is_object and batched else 0
        if field_name in ("nodes", "node") and not batched:
            cost = 1
        table = ROW_TYPES.get(on.extensions["strawberry-definition"].origin)
        column = None if table is None else column_of(table, declared.python_name)
        # What is made of other columns of the row may be as long as these.
        made_of = [column]
        if table is not None and column is None and is_leaf_type(held):
            made_of += [column_of(table, name) for name in declared.metadata.get("needs", ())]
        many = is_list_type(get_nullable_type(field.type))
        listed = COLLECTIONS[RESOURCE_TYPES[_origin(node)].plural] if connection else declared.metadata.get("grouped")
        needed, reads = _by_arguments(type_name, field_name, listed)
        if "needed" in declared.metadata:
            needed, reads = declared.metadata["needed"], ("input",)
        each = "ids" if "ids" in reads and "ids" in field.args else None
        assumed = many and is_object and each is None and not type_name.endswith("Connection")
        found[type_name, field_name] = FieldRule(
            cost=cost,
            requirement=scope,
            further=(*column_needs(column), *declared.metadata.get("reserved", ())),
            unrestricted=bool(declared.metadata.get("public")),
            requirements_of=needed,
            reads=reads,
            filters=("filter",) if listed is not None else (),
            price=filter_price if connection else None if listed is None else counted_price,
            charges=COUNTING if field_name == "totalCount" else (0, 0),
            weight=max(map(column_weight, made_of)),
            size=(declared.metadata.get("size") or size_of(column)) if is_leaf_type(held) else 0,
            short=is_short(field.type, column),
            times=MANY if assumed else 1,
            most=most_of(held.name) if assumed else 0,
            multiplier=page_size if connection else items_of(each) if each is not None else None,
            multiplied_by=PAGE if connection else (each,) if each is not None else (),
            cost_each=each is not None,
        )
    return found


RULES = _rules()
name_reserved(CORE, RULES)
name_scopes(CORE, RULES)
RULES |= introspection_rules(CORE)
# Where graphql-core executes, batched fields find in it what their rows must have.
FIELDS = CORE.extensions["fields"] = fields_of_schema(SCHEMA, RULES)
# For operations of our own, which are held to no limit.
EXECUTOR = Executor(SCHEMA, fields=FIELDS, serializers=Serializers.ON, rules=RULES)
# What a key may be given.
CORE.extensions["scopes"] = sorted(scopes())
