"""Services: what they can be filtered and sorted by, and how they change."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.forms import FORM
from models.services import SERVICE, Billing, Service, ServiceStatus, services
from resolvers import organizations
from resolvers.changes.edits import InputValues, begin_edit, insert, new_row
from resolvers.changes.references import Reference, looked_up
from resolvers.changes.write import Restrict
from resolvers.collections.collection import (
    COMMON_SORT_FIELDS,
    Collection,
    Relation,
    SortField,
    common_filters,
    of_client,
)
from resolvers.collections.rows import Key
from resolvers.context import Context, Row
from resolvers.errors import Refusal, bad_input, refuse
from resolvers.forms.collections import FORMS
from resolvers.lists.conditions import enum, ids, money, tags, text
from resolvers.orders import HAS_ORDERS, ORDERS
from resolvers.settings import settings_of
from resolvers.subscriptions.collections import HAS_SUBSCRIPTIONS, SUBSCRIPTIONS


def _of_client(client: str) -> Mapping[str, Any]:
    """Return the filter of the services that a client sees: ACTIVE ones, and what it ordered or subscribed to."""
    used = {"some": of_client(client)}
    return {"or_": [{"status": {"eq": ServiceStatus.ACTIVE}}, {"orders": used}, {"subscriptions": used}]}


SERVICES = Collection(
    SERVICE,
    services,
    clients=_of_client,
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

# What the billing of a new service is where its input does not say.
_NEW = {"billing": Billing.ONE_TIME, "interval": None}


async def _with_form(ctx: Context, values: InputValues, old: Mapping[str, Any]) -> dict[str, Any]:
    """Return an input's values with the key of the form that they refer to; ``old`` has what stays as it is.

    Raises Refusals BAD_INPUT.
    """
    found, wrong = await looked_up(ctx, values, intake_form_id=Reference(FORMS))
    refuse([*wrong, *_wrong_interval({**old, **values})])
    return dict(values) | {name: form["id"] for name, form in found.items()}


def check_new(_ctx: Context, values: InputValues) -> Iterator[Refusal]:
    """Yield the refusal BAD_INPUT of a new service's interval, where it does not go with its billing."""
    yield from _wrong_interval(_NEW | dict(values))


def check(_ctx: Context, values: InputValues) -> Iterator[Refusal]:
    """Yield the refusal BAD_INPUT of an interval that does not go with the billing that is given with it."""
    if "billing" in values and "interval" in values:
        yield from _wrong_interval(values)


def _wrong_interval(row: Mapping[str, Any]) -> Iterator[Refusal]:
    if row["billing"] == Billing.RECURRING and row["interval"] is None:
        yield bad_input("interval", "A RECURRING service needs an interval.", "REQUIRED")
    if row["billing"] == Billing.ONE_TIME and row["interval"] is not None:
        yield bad_input("interval", "A ONE_TIME service has no interval.", "NOT_ALLOWED")


async def create(ctx: Context, values: InputValues) -> Row:
    """Create a service; currency and tax rate are the organization's where none is given. Raises Refusal BAD_INPUT."""
    row = new_row(Service, await _with_form(ctx, values, _NEW))
    if "currency" not in row:
        row["currency"] = await organizations.value_of(ctx, "default_currency")
    if "tax_rate" not in row:
        row["tax_rate"] = (await settings_of(ctx))["invoices.taxRate"]
    return await insert(ctx, SERVICES, row)


async def change(ctx: Context, key: Key, values: InputValues) -> Row:
    """Change a service; orders keep what they copied. Raises Refusal NOT_FOUND, VERSION_MISMATCH or BAD_INPUT."""
    edit = await begin_edit(ctx, SERVICES, key)
    new = await _with_form(ctx, values, edit.old)
    archives = edit.changes(new).get("status") == ServiceStatus.ARCHIVED
    edit.set(new, "archive" if archives else "update")
    return await edit.save()


async def remove(ctx: Context, key: Key) -> None:
    """Delete a service that was never ordered or subscribed to.

    Raises Refusal CONFLICT (HAS_ORDERS, HAS_SUBSCRIPTIONS) for another.
    """
    edit = await begin_edit(ctx, SERVICES, key, deletes=True)
    archived = edit.old["status"] == ServiceStatus.ARCHIVED
    said = f"refer to the service{', which is archived already.' if archived else ': archive it instead.'}"
    await edit.delete(
        Restrict(ORDERS, "service_id", HAS_ORDERS, f"Orders {said}"),
        Restrict(SUBSCRIPTIONS, "service_id", HAS_SUBSCRIPTIONS, f"Subscriptions {said}"),
    )
