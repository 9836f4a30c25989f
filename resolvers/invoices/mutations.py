"""Changes of invoices: drafts are created, changed and deleted; an invoice is moved to another status."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from models.invoices import INVOICE, MACHINE, Invoice, InvoiceStatus
from resolvers import organizations
from resolvers.changes.edits import Edit, InputValues, begin_edit, insert, new_row
from resolvers.changes.references import Reference, looked_up, references
from resolvers.changes.transitions import TransitionRequest, request_to, transition_request
from resolvers.clients import CLIENTS
from resolvers.collections.rows import Key, by_ids
from resolvers.context import Context, Row, now
from resolvers.errors import Conflict, Refusal, bad_input, refuse
from resolvers.invoices.amounts import amounts, lines_of, wrong_amounts
from resolvers.invoices.collections import INVOICES
from resolvers.invoices.finalizing import finalize_edit
from resolvers.invoices.payments import pay_edit
from resolvers.invoices.transitions import checked, wake_subscription
from resolvers.orders import ORDERS
from resolvers.services import SERVICES
from resolvers.settings import settings_of

NOT_DRAFT = Conflict("NOT_DRAFT", "Lines, discount and currency change only in a DRAFT, and only a DRAFT is deleted.")
_S = InvoiceStatus
# The action and the event of each transition that changes nothing but the status and its time.
_VERBS = {_S.VOID: ("void", "voided"), _S.UNCOLLECTIBLE: ("mark_uncollectible", "marked_uncollectible")}
# What of an invoice changes only while it is a draft.
_FIXED = ("lines", "discount", "currency")
_ORDER = Reference(ORDERS, ("client_id", "service_id", "quantity", "unit_price", "currency", "tax_rate"))


async def create(ctx: Context, values: InputValues) -> Row:
    """Create a draft; of an order without lines of its own it has the order's.

    Raises Refusals BAD_INPUT for references and amounts, or Refusal CONFLICT (ORDER_INVOICED).
    """
    found, wrong = await looked_up(ctx, values, client_id=Reference(CLIENTS), order_id=_ORDER)
    order, client = found.get("order_id"), found.get("client_id")
    if order is not None and client is not None and order["client_id"] != client["id"]:
        wrong.append(bad_input("order_id", "The order is another client's.", "NOT_ALLOWED"))
    if order is not None:
        wrong += _wrong_currency(order["currency"], values)
    refuse([*wrong, *check_new(ctx, values)])
    return await draft(ctx, values, found["client_id"]["id"], order)


def check_new(_ctx: Context, values: InputValues) -> Iterator[Refusal]:
    """Yield what is wrong with the amounts of a new invoice's own lines, and with its discount of them."""
    if "lines" in values:
        yield from wrong_amounts(values["lines"], values.get("discount", 0))


async def create_from_order(ctx: Context, values: InputValues) -> Row:
    """Create a draft of an order, with what the order copied: quantity, price, tax rate and currency.

    Raises Refusals BAD_INPUT for the order, or Refusal CONFLICT (ORDER_INVOICED).
    """
    order = (await references(ctx, values, order_id=_ORDER))["order_id"]
    return await draft(ctx, values, order["client_id"], order)


async def draft(ctx: Context, values: InputValues, client: UUID, order: Row | None = None) -> Row:
    """Create a draft for a client; of an order it has the order's currency and, without lines of its own, its line.

    Raises Refusal BAD_INPUT for amounts, or CONFLICT (ORDER_INVOICED).
    """
    row = new_row(Invoice, values)
    row |= {"client_id": client, "order_id": None if order is None else order["id"], "payments": []}
    if order is not None:
        row.setdefault("currency", order["currency"])
    elif "currency" not in row:
        row["currency"] = await organizations.value_of(ctx, "default_currency")
    given = values.get("lines")
    if given is None:
        given = [] if order is None else [await _line_of(ctx, order)]
    row["lines"] = lines_of(given, await _tax_rate(ctx, order))
    return await insert(ctx, INVOICES, row | amounts(row["lines"], row["discount"]))


async def _tax_rate(ctx: Context, order: Row | None) -> Decimal:
    """Return the rate of a line that has none: its order's, which without an order is a setting."""
    rate: Decimal = (await settings_of(ctx))["invoices.taxRate"] if order is None else order["tax_rate"]
    return rate


def _wrong_currency(currency: str, values: InputValues) -> Iterator[Refusal]:
    if values.get("currency", currency) != currency:
        yield bad_input("currency", f"The order of the invoice is in {currency}.", "NOT_ALLOWED")


async def _line_of(ctx: Context, order: Row) -> dict[str, Any]:
    (service,) = await by_ids(ctx, SERVICES, [order["service_id"]], ("name",))
    assert service is not None, "an order refers to a service"
    return {"description": service["name"], "quantity": Decimal(order["quantity"]), "unit_price": order["unit_price"]}


async def change(ctx: Context, key: Key, values: InputValues) -> Row:
    """Change an invoice, then move it when a status is given: one transaction, one version.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH, INVALID_TRANSITION, CONFLICT (NOT_DRAFT) or BAD_INPUT.
    """
    new = dict(values)
    request = transition_request(new)
    edit = await begin_edit(ctx, INVOICES, key)
    await _set(ctx, edit, new)
    await _transition(ctx, edit, request)
    return await edit.save()


async def _set(ctx: Context, edit: Edit, new: dict[str, Any]) -> None:
    old = edit.old
    wrong = [] if old["order_id"] is None else [*_wrong_currency(old["currency"], new)]
    if "lines" in new:
        wrong += wrong_amounts(new["lines"], new.get("discount", old["discount"]))
        ids = [] if old["order_id"] is None else [old["order_id"]]
        order = next(iter(await by_ids(ctx, ORDERS, ids, ("tax_rate",))), None)
        new["lines"] = lines_of(new["lines"], await _tax_rate(ctx, order))
    fixed = [name for name in edit.changes(new) if name in _FIXED]
    if fixed and old["status"] != _S.DRAFT:
        message = f"The invoice is {old['status']}: its lines, discount and currency change only in a DRAFT."
        if _may_be_void(old):
            message += " Void it."
        raise NOT_DRAFT.refusal(fixed[0], message)
    refuse(wrong)
    if fixed:
        new |= amounts(new.get("lines", old["lines"]), new.get("discount", old["discount"]))
    edit.set(new)


async def _transition(ctx: Context, edit: Edit, request: TransitionRequest | None) -> None:
    if request is None or request.status == edit.row["status"]:
        return
    await wake_subscription(ctx, edit.row)
    if request.status == _S.OPEN:
        await finalize_edit(ctx, edit, request)
    elif request.status == _S.PAID:
        await pay_edit(ctx, edit, request, {})
    else:
        moment = now()
        made = await checked(ctx, edit, request, moment)
        action, event = _VERBS[made.target]
        edit.set({"status": made.target} | MACHINE.effects(edit.row, made, moment, None), action, event)


async def finalize(ctx: Context, key: Key) -> Row:
    """Finalize a draft. Raises Refusal NOT_FOUND, VERSION_MISMATCH or INVALID_TRANSITION with what blocks it."""
    edit = await begin_edit(ctx, INVOICES, key)
    await _transition(ctx, edit, request_to(_S.OPEN))
    return await edit.save()


async def void(ctx: Context, key: Key) -> Row:
    """Void an invoice of which nothing is paid. Raises Refusal NOT_FOUND, VERSION_MISMATCH or INVALID_TRANSITION."""
    edit = await begin_edit(ctx, INVOICES, key)
    await _transition(ctx, edit, request_to(_S.VOID))
    return await edit.save()


async def mark_uncollectible(ctx: Context, key: Key) -> Row:
    """Mark an invoice as uncollectible. Raises Refusal NOT_FOUND, VERSION_MISMATCH or INVALID_TRANSITION."""
    edit = await begin_edit(ctx, INVOICES, key)
    await _transition(ctx, edit, request_to(_S.UNCOLLECTIBLE))
    return await edit.save()


async def remove(ctx: Context, key: Key) -> None:
    """Delete a draft. Raises Refusal NOT_FOUND, VERSION_MISMATCH, or CONFLICT (NOT_DRAFT) for another invoice."""
    edit = await begin_edit(ctx, INVOICES, key, deletes=True)
    if edit.old["status"] != _S.DRAFT:
        message = f"An {INVOICE.label} that is {edit.old['status']} cannot be deleted"
        message += ": void it instead." if _may_be_void(edit.old) else "."
        raise NOT_DRAFT.refusal("id", message)
    await edit.delete()


def _may_be_void(invoice: Row) -> bool:
    """Return whether an invoice may become VOID, as one may of which nothing is paid."""
    return MACHINE.between(_S(invoice["status"]), _S.VOID) is not None and not invoice["amount_paid"]
