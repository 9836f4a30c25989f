"""Clients: what they can be filtered and sorted by, and how they change."""

from models.clients import CLIENT, Client, ClientStatus, clients
from resolvers.agent_jobs.collections import AGENT_JOBS
from resolvers.changes.edits import Edit, InputValues, begin_edit, insert, new_row
from resolvers.collections.collection import (
    COMMON_SORT_FIELDS,
    Collection,
    Relation,
    SortField,
    common_filters,
)
from resolvers.collections.rows import Key, has_any
from resolvers.context import Context, Row
from resolvers.errors import EMAIL_TAKEN
from resolvers.forms.collections import SUBMISSIONS
from resolvers.invoices.collections import INVOICES
from resolvers.lists.conditions import enum, tags, text
from resolvers.orders import ORDERS
from resolvers.subscriptions.collections import HAS_SUBSCRIPTIONS, SUBSCRIPTIONS, runs_for
from resolvers.tickets.collections import TICKETS

CLIENTS = Collection(
    CLIENT,
    clients,
    clients=lambda client: {"id": {"eq": client}},
    searched=("name", "email", "company", "phone"),
    sort_fields=COMMON_SORT_FIELDS | {"NAME": SortField("name_key", str, "Name, without regard to case.")},
    filters={
        **common_filters(CLIENT),
        "status": enum("status", ClientStatus),
        "tags": tags(CLIENT),
        "name": text("name_key", "name"),
        "email": text("email_key", "email address"),
        "orders": Relation("orders", "the client's orders", remote="client_id"),
        "invoices": Relation("invoices", "the client's invoices", remote="client_id"),
        "tickets": Relation("tickets", "the client's tickets", remote="client_id"),
        "subscriptions": Relation("subscriptions", "the client's subscriptions", remote="client_id"),
    },
    unique_conflicts={"clients_email_key": ("email", EMAIL_TAKEN)},
)

# What keeps a client: one that has any of it is archived where it would be deleted.
HISTORY = (ORDERS, INVOICES, TICKETS, SUBMISSIONS, SUBSCRIPTIONS, AGENT_JOBS)


async def create(ctx: Context, values: InputValues) -> Row:
    """Create a client. Raises Refusal CONFLICT (EMAIL_TAKEN)."""
    return await insert(ctx, CLIENTS, new_row(Client, values))


async def _set(edit: Edit, values: InputValues) -> None:
    archives = edit.changes(values).get("status") == ClientStatus.ARCHIVED
    if archives:
        await _refuse_running(edit, "status", "archived")
    edit.set(values, "archive" if archives else "update")


async def _refuse_running(edit: Edit, field: str, done: str) -> None:
    if await runs_for(edit.ctx, edit.old):
        message = f"A client whose subscriptions run cannot be {done}: cancel them first."
        raise HAS_SUBSCRIPTIONS.refusal(field, message)


async def change(ctx: Context, key: Key, values: InputValues) -> Row:
    """Change a client. Raises Refusal NOT_FOUND, VERSION_MISMATCH or CONFLICT (EMAIL_TAKEN;
    HAS_SUBSCRIPTIONS where it is archived while one of its subscriptions is not cancelled)."""
    edit = await begin_edit(ctx, CLIENTS, key)
    await _set(edit, values)
    return await edit.save()


async def remove(ctx: Context, key: Key) -> Row | None:
    """Delete a client that has no history: None. One that has is archived instead: the client.

    Raises Refusal CONFLICT (HAS_SUBSCRIPTIONS) while one of its subscriptions is not cancelled.
    """
    edit = await begin_edit(ctx, CLIENTS, key, deletes=True)
    await _refuse_running(edit, "id", "deleted")
    for history in HISTORY:
        if await has_any(ctx, history, "client_id", edit.old):
            edit.set({"status": ClientStatus.ARCHIVED}, "archive")
            return await edit.save()
    await edit.delete()
    return None
