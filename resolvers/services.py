"""Services: what they can be filtered and sorted by, and how they change."""

from collections.abc import Mapping
from typing import Any

from models.forms import FORM
from models.services import SERVICE, Billing, Service, ServiceStatus, services
from resolvers import organizations
from resolvers.changes.edits import InputValues, begin_edit, insert, new_row
from resolvers.changes.references import Reference, references
from resolvers.collections.collection import COMMON_SORT_FIELDS, Collection, Relation, SortField, common_filters
from resolvers.collections.rows import Key, has_any
from resolvers.context import Context, Row
from resolvers.errors import bad_input
from resolvers.forms.collections import FORMS
from resolvers.lists.conditions import enum, ids, money, tags, text
from resolvers.orders import HAS_ORDERS, ORDERS
from resolvers.settings import settings_of
from resolvers.subscriptions.collection import HAS_SUBSCRIPTIONS, SUBSCRIPTIONS

SERVICES = Collection(
    SERVICE,
    services,
    searched=("name", "description"),
    sort_fields=COMMON_SORT_FIELDS
    | {
        "NAME": SortField("name_key", str, "Name, without regard to case."),
        "PRICE": SortField("price", int, "Price, regardless of the currency."),
    },
    filters={
        **common_filters(SERVICE),
        "status": enum("status", ServiceStatus),
        "billing": enum("billing", Billing, "whether the service is billed once or at an interval"),
        "tags": tags(SERVICE),
        "name": text("name_key", "name"),
        "price": money("price", "price"),
        "intake_form_id": ids("intake_form_id", FORM, "the intake form's ID", nullable=True),
        "intake_form": Relation("forms", "the intake form", "intake_form_id"),
        "orders": Relation("orders", "the service's orders", remote="service_id"),
        "subscriptions": Relation("subscriptions", "the service's subscriptions", remote="service_id"),
    },
)


async def _with_form(ctx: Context, values: InputValues) -> dict[str, Any]:
    """Return an input's values with the key of the form that they refer to. Raises Refusals BAD_INPUT."""
    found = await references(ctx, values, intake_form_id=Reference(FORMS))
    return dict(values) | {name: form["id"] for name, form in found.items()}


def _require_interval(row: Mapping[str, Any]) -> None:
    if row["billing"] == Billing.RECURRING and row["interval"] is None:
        raise bad_input("interval", "A RECURRING service needs an interval.", "REQUIRED")
    if row["billing"] == Billing.ONE_TIME and row["interval"] is not None:
        raise bad_input("interval", "A ONE_TIME service has no interval.", "NOT_ALLOWED")


async def create(ctx: Context, values: InputValues) -> Row:
    """Create a service; currency and tax rate are the organization's where none is given. Raises Refusal BAD_INPUT."""
    row = new_row(Service, await _with_form(ctx, values))
    _require_interval(row)
    if "currency" not in row:
        row["currency"] = await organizations.value_of(ctx, "default_currency")
    if "tax_rate" not in row:
        row["tax_rate"] = (await settings_of(ctx))["invoices.taxRate"]
    return await insert(ctx, SERVICES, row)


async def change(ctx: Context, key: Key, values: InputValues) -> Row:
    """Change a service; orders keep what they copied. Raises Refusal NOT_FOUND, VERSION_MISMATCH or BAD_INPUT."""
    edit = await begin_edit(ctx, SERVICES, key)
    new = await _with_form(ctx, values)
    archives = edit.changes(new).get("status") == ServiceStatus.ARCHIVED
    edit.set(new, "archive" if archives else "update")
    _require_interval(edit.row)
    return await edit.save()


async def remove(ctx: Context, key: Key) -> None:
    """Delete a service that was never ordered or subscribed to.

    Raises Refusal CONFLICT (HAS_ORDERS, HAS_SUBSCRIPTIONS) for another.
    """
    edit = await begin_edit(ctx, SERVICES, key)
    for history, conflict in ((ORDERS, HAS_ORDERS), (SUBSCRIPTIONS, HAS_SUBSCRIPTIONS)):
        if await has_any(ctx, history, "service_id", edit.old):
            archived = edit.old["status"] == ServiceStatus.ARCHIVED
            instead = ", which is archived already." if archived else ": archive it instead."
            raise conflict.refusal("id", f"{history.resource.labels.capitalize()} refer to the service{instead}")
    await edit.delete()
