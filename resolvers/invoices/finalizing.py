"""Finalizing an invoice: what it shows is copied, and it gets its number and its time of issue."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.invoices import InvoiceStatus, invoice_logos
from models.organizations import org_logos, organizations
from models.settings import LOGO
from resolvers.changes.edits import Edit
from resolvers.changes.transitions import TransitionRequest
from resolvers.context import Context, Row, now
from resolvers.database.sql import owned, statement
from resolvers.invoices.numbers import issue
from resolvers.invoices.transitions import checked, client_of
from resolvers.settings import settings_of

# What an invoice copies of its client.
CLIENT_COLUMNS = ("name", "company", "address", "tax_id", "email", "phone")


@statement
def _organization() -> sa.Select[Any]:
    return owned(organizations, organizations.c.name, organizations.c.timezone)


async def organization_of(ctx: Context) -> Row:
    """Return the name and the time zone of the context's organization."""
    row = await ctx.row(_organization())
    assert row is not None, "a key belongs to an organization"
    return row


def address_of(text: str | None) -> dict[str, Any] | None:
    """Return an address, as it was entered, by its lines; None without one."""
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return {"lines": lines} if lines else None


def seller_of(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the party that an organization with a name is, by its settings."""
    return {
        "name": settings["organization.name"] or name,
        "contact": None,
        "address": address_of(settings["organization.address"]),
        "taxId": settings["organization.taxId"],
        "email": settings["organization.email"],
        "phone": settings["organization.phone"],
    }


def buyer_of(client: Mapping[str, Any]) -> dict[str, Any]:
    """Return the party that a client is: its company where it has one, and then the person as the contact."""
    company = client["company"]
    return {
        "name": company or client["name"],
        "contact": client["name"] if company else None,
        "address": address_of(client["address"]),
        "taxId": client["tax_id"],
        "email": client["email"],
        "phone": client["phone"],
    }


@statement
def _keep_logo() -> sa.Select[Any]:
    digest = sa.literal_column("'sha256:' || encode(sha256(png), 'hex')", sa.Text).label("digest")
    logo = owned(org_logos, org_logos.c.org_id, digest, org_logos.c.png).cte("logo")
    kept = pg.insert(invoice_logos).from_select(["org_id", "digest", "png"], sa.select(logo)).on_conflict_do_nothing()
    return sa.select(logo.c.digest).add_cte(kept.cte("kept"))


async def design_of(ctx: Context, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return how an invoice looks by its organization's settings; its logo is kept from now on."""
    kept = await ctx.row(_keep_logo()) if settings[LOGO] is not None else None
    return {
        "language": settings["organization.language"],
        "color": settings["organization.color"],
        "logo": None if kept is None else kept["digest"],
    }


async def finalize_edit(ctx: Context, edit: Edit, request: TransitionRequest) -> None:
    """Finalize the draft of an edit, which is then saved; one whose total is 0 is paid at once.

    The number comes last: until the transaction has ended no other invoice of the organization gets one, so all that
    takes time or can be refused is done before. Raises Refusal INVALID_TRANSITION with what blocks it.
    """
    client = await client_of(ctx, edit.row, *CLIENT_COLUMNS)
    await checked(ctx, edit, request, now(), client)
    settings, organization = await settings_of(ctx), await organization_of(ctx)
    design = await design_of(ctx, settings)
    number, moment = await issue(ctx, settings["invoices.prefix"], organization["timezone"])
    paid = edit.row["total"] == 0
    edit.set(
        {
            "status": InvoiceStatus.PAID if paid else InvoiceStatus.OPEN,
            "number": number,
            "issued_at": moment,
            "due_at": moment + timedelta(days=settings["invoices.dueDays"]),
            "paid_at": moment if paid else None,
            "seller": seller_of(settings, organization["name"]),
            "buyer": buyer_of(client),
            "timezone": organization["timezone"],
            "payment_details": settings["organization.paymentDetails"],
            **design,
        },
        "finalize",
        "finalized",
    )
    if paid:
        edit.events.append("paid")
