"""Creation of access tokens: by an API key, for a member or a client."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from models.actors import allows
from models.resources import RESOURCES
from models.typeid import encode
from resolvers.api_keys.access_tokens import SUBJECT_TYPES, USUAL, Claims, held_by, signed
from resolvers.api_keys.acting import must_hold, must_still_work
from resolvers.audit.entries import new_entry
from resolvers.changes.edits import InputValues
from resolvers.changes.references import Reference, references
from resolvers.changes.write import write_entries
from resolvers.clients import CLIENTS
from resolvers.context import Context, now
from resolvers.errors import Refusal, bad_input, refuse
from resolvers.members import MEMBERS

_FIELDS = ("member_id", "client_id")


def check(_ctx: Context, values: InputValues) -> Iterator[Refusal]:
    """Yield the refusal BAD_INPUT of a token that is not for exactly one."""
    given = [name for name in _FIELDS if values.get(name) is not None]
    if not given:
        yield bad_input("client_id", "Either a member or a client is required.", "REQUIRED")
    elif len(given) > 1:
        message = "It cannot be combined with clientId: a token is for either a member or a client."
        yield bad_input("member_id", message, "NOT_ALLOWED")


def _refuse_gone(row: Mapping[str, Any]) -> str | None:
    gone = row["status"] in {subject.gone for subject in SUBJECT_TYPES.values()}
    return f"No access token can be created for one that is {row['status']}." if gone else None


async def create(ctx: Context, values: InputValues) -> dict[str, Any]:
    """Hand out a token; returns the payload. It ends with the key that acts, unless it is to end before.

    Raises Refusal BAD_INPUT for whom it cannot be for and for a scope that they cannot have, FORBIDDEN for a scope that
    the key lacks, or UNAUTHENTICATED for a key that was revoked meanwhile.
    """
    refuse(check(ctx, values))
    key = await must_still_work(ctx)
    if key is None or ctx.actor.key_id is None:
        raise Refusal("FORBIDDEN", "Only an API key can create access tokens.")
    must_hold(ctx, values["scopes"], "scopes")
    found = await references(
        ctx, values,
        member_id=Reference(MEMBERS, ("status", "role"), _refuse_gone),
        client_id=Reference(CLIENTS, ("status",), _refuse_gone),
    )  # fmt: skip
    ((field, row),) = found.items()
    resource = RESOURCES[(MEMBERS if field == "member_id" else CLIENTS).resource.prefix]
    held = held_by(SUBJECT_TYPES[resource.prefix].actor_kind, row)
    for scope in values["scopes"]:
        if not allows(held, scope):
            message = f"The token of this {resource.label} cannot have the scope {scope}."
            raise bad_input("scopes", message, "NOT_ONE_OF", allowed=sorted(held))
    # The next whole second, in which a JWT ends: it works at least as long as was asked for.
    ends = now().replace(microsecond=0) + timedelta(seconds=(values.get("expires_in") or USUAL) + 1)
    if key["expires_at"] is not None:
        ends = min(ends, key["expires_at"])
    subject = encode(resource.prefix, row["id"])
    claims = Claims(subject, ctx.org_id, ctx.actor.key_id, frozenset(values["scopes"]), ends)
    raw = signed(ctx.runtime.peppers, claims)
    ctx.shown_once.append(raw)
    given = {"scopes": values["scopes"], "expires_at": ends}
    await write_entries(ctx, [(new_entry(resource.action("create_token"), {}, given), row["id"])])
    return {"access_token": raw, "expires_at": ends}
