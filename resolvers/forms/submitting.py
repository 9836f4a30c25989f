"""Submissions of the public, without a key, in the form's organization."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.actors import ActorKind, Source
from models.clients import CLIENT, Client, clients
from models.forms import FORM, HONEYPOT, FormStatus, Submission, forms
from models.organizations import directory
from models.texts import caseless
from models.threads import AuthorKind
from models.tickets import Reply
from models.typeid import decode, encode
from resolvers.actor import Actor
from resolvers.changes.edits import InputValues, insert, new_row
from resolvers.clients import CLIENTS
from resolvers.context import Context, Row
from resolvers.database.sql import Sql, owned, statement
from resolvers.errors import EMAIL_TAKEN, Refusal, not_found, refuse
from resolvers.forms.collections import SUBMISSIONS
from resolvers.forms.values import submitted_values, text_of
from resolvers.threads import new_thread_entry
from resolvers.tickets import mutations as tickets
from resolvers.tickets.collections import REPLIES

_BEFORE_CLIENT = Sql("savepoint before_client", (), {})
_WITHOUT_CLIENT = Sql("rollback to savepoint before_client", (), {})
# The greatest numbers of characters of a client's name, and of a reply.
_NAME, _BODY = 200, 20_000
# How often the client is looked for, where others make and delete it meanwhile.
TRIES = 3


@statement
def _organization_of() -> sa.Select[Any]:
    by_key = (directory.c.resource == FORM.prefix, directory.c.key == sa.bindparam("key", type_=sa.Text))
    return sa.select(directory.c.org_id).where(*by_key)


@statement
def _published() -> sa.Select[Any]:
    published = forms.c.status == sa.literal_column(f"'{FormStatus.PUBLISHED.value}'")
    return owned(forms).where(forms.c.id == sa.bindparam("id", type_=sa.Uuid), published)


@statement
def _by_email() -> sa.Select[Any]:
    # Held until the submission is stored: a deletion waits, and then finds it.
    by_key = clients.c.email_key == sa.bindparam("email_key", type_=sa.Text)
    return owned(clients, clients.c.id).where(by_key).with_for_update(read=True, key_share=True)


async def submit(ctx: Context, values: InputValues) -> tuple[Row, Row]:
    """Submit a form as the public, whoever asks. Return the submission and the form.

    A submission with a value in the field that people do not see is stored as spam and does nothing else. Raises
    Refusal NOT_FOUND for a form that is not published, RATE_LIMITED, or Refusals for the values.
    """
    form_id = decode(FORM.prefix, values["form_id"])
    if form_id is None:
        raise _missing()
    if ctx.form_turn is not None:
        await ctx.form_turn(form_id)
    found = await ctx.row(_organization_of(), key=str(form_id))
    if found is None:
        raise _missing()
    public = Actor(ActorKind.PUBLIC, "public", "public", frozenset(), found["org_id"])
    await ctx.become(public, Source.PUBLIC)
    form = await ctx.row(_published(), id=form_id)
    if form is None:
        raise _missing()
    data: dict[str, Any] = dict(values["data"])
    caught = data.get(HONEYPOT)
    # A page that has the field twice sends a list of empty texts.
    spam = any(caught) if isinstance(caught, list) else bool(caught)
    client: UUID | None = None
    ticket: UUID | None = None
    if not spam:
        data.pop(HONEYPOT, None)
        encoded = values.get("encoded", False)
        data, wrong = submitted_values(ctx, form, data, "data", encoded=encoded)
        refuse(wrong)
        client = await _client(ctx, form, data)
        ticket = await _ticket(ctx, form, data, client)
    given = {
        "form_id": form_id, "form_version": form["version"], "data": data, "spam": spam, "client_id": client,
        "ticket_id": ticket,
    }  # fmt: skip
    row = await insert(ctx, SUBMISSIONS, new_row(Submission, given), event=None if spam else "submitted")
    return row, form


def _missing() -> Refusal:
    return not_found(FORM.label, "form_id")


async def _client(ctx: Context, form: Mapping[str, Any], data: Mapping[str, Any]) -> UUID | None:
    """Return the client with the submitted email address: one that is there as it is, else a new one; None for a form
    that creates none, or without an address. It is held, so that nobody deletes it before the submission is stored.

    Raises Refusal UNAVAILABLE where others make and delete it again and again.
    """
    email = data.get(form["email_field"]) if form["create_client"] else None
    if not email:
        return None
    for _ in range(TRIES):
        found = await ctx.row(_by_email(), email_key=caseless(email)) or await _new_client(ctx, form, data)
        if found is not None:
            client: UUID = found["id"]
            return client
    raise Refusal("UNAVAILABLE", "The submission conflicted with another change; retry it.", retryAfter=1)


async def _new_client(ctx: Context, form: Mapping[str, Any], data: Mapping[str, Any]) -> Row | None:
    """Return the new client of a submission; None where another request has made one with its address meanwhile."""
    given = {"name": _name(form, data), "email": data[form["email_field"]], "source": form["name"]}
    await ctx.fetch(_BEFORE_CLIENT)
    try:
        return await insert(ctx, CLIENTS, new_row(Client, given))
    except Refusal as refused:
        # That is nothing to tell the public.
        if refused.extra.get("reason") != EMAIL_TAKEN.reason:
            raise
        await ctx.fetch(_WITHOUT_CLIENT)
        return None


def _name(form: Mapping[str, Any], data: Mapping[str, Any]) -> str | None:
    """Return the submitted name on one line, else the email address; None without either."""
    given: str | None = data.get(form["name_field"]) or data.get(form["email_field"])
    return " ".join(given[:_NAME].splitlines()) if given else None


async def _ticket(ctx: Context, form: Mapping[str, Any], data: Mapping[str, Any], client: UUID | None) -> UUID | None:
    """Return the new ticket of the submission's client, with the values as its first reply; None for a form that
    creates none, and where nothing was submitted."""
    body, name = text_of(form["fields"], data)[:_BODY], _name(form, data)
    if not form["create_ticket"] or not body:
        return None
    client_id = None if client is None else encode(CLIENT.prefix, client)
    ticket: UUID = (await tickets.create(ctx, {"subject": form["name"], "client_id": client_id}))["id"]
    reply = {"author_kind": AuthorKind.CLIENT, "body": body} | ({"author_name": name} if name else {})
    # The client waits since the ticket is there: its reply changes nothing of it.
    await insert(ctx, REPLIES, new_thread_entry(ctx, Reply, reply) | {"ticket_id": ticket}, "replied")
    return ticket
