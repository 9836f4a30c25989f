"""Audit entries: what each holds, and what proves its parts."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from models.audit import SALT_BYTES
from models.base import UNLOGGED
from models.names import camel
from models.resources import RESOURCES
from models.typeid import encode, new_uuid
from models.types import decimal_text
from resolvers.keyring import Keyring
from resolvers.moments import shown_time

# Values of these types are kept as they are.
_PLAIN = frozenset({str, int, bool, float, dict, type(None)})
# What the first entry follows.
FIRST = bytes(32)
# A seal key makes two kinds of HMAC; what it makes for one must never pass for the other.
_ENTRY = b"audit entry\0"
_VERSION_BYTES = 2
_WRITTEN = ("action", "actor_kind", "actor_id", "actor_name", "request_id", "source")


@dataclass(frozen=True, slots=True)
class NewAuditEntry:
    """An audit entry to be written: its changes as canonical text, salted, and their digest."""

    id: UUID
    action: str
    salt: bytes
    changes: str
    digest: bytes


@cache
def logged_columns(table: sa.Table) -> dict[str, tuple[str, str | None]]:
    """Return, of each column of a table, its name in the log and the prefix of the IDs that it holds, if any."""
    by_table = {each.plural: each.prefix for each in RESOURCES.values()}
    referred = {column.name: column.info.get("refers_to") for column in table.c}
    referred |= {key.parent.name: key.column.table.name for key in table.foreign_keys if key.column.name == "id"}
    return {
        column.name: (column.info.get("logged_as") or camel(column.name), by_table.get(referred[column.name] or ""))
        for column in table.c
    }


def shown(value: Any, prefix: str | None = None) -> Any:
    """Return a column's value as the log keeps it: as the API shows it, a UUID as an id with the prefix."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, UUID):
        return str(value) if prefix is None else encode(prefix, value)
    if isinstance(value, list):
        return [shown(item, prefix) for item in value]
    if isinstance(value, datetime):
        return shown_time(value)
    if isinstance(value, Decimal):
        return decimal_text(value)
    return value


def digest_of(salt: bytes, changes: str) -> bytes:
    """sha256(salt ‖ canonical text of the changes)."""
    return hashlib.sha256(salt + changes.encode()).digest()


def new_entry(
    action: str, old: Mapping[str, Any], new: Mapping[str, Any], table: sa.Table | None = None
) -> NewAuditEntry:
    """Return the entry of a change between two states, which are rows of a table where one is given; a missing side is
    null."""
    logged: Mapping[str, tuple[str, str | None]] = {} if table is None else logged_columns(table)
    changes: dict[str, list[Any]] = {}
    for name in new or old:
        if name in UNLOGGED or (old and new and old[name] == new[name]):
            continue
        # Parts of a row have no column.
        label, prefix = logged.get(name) or (camel(name), None)
        before, after = old.get(name), new.get(name)
        changes[label] = [
            before if type(before) in _PLAIN else shown(before, prefix),
            after if type(after) in _PLAIN else shown(after, prefix),
        ]
    text = canonical(changes).decode()
    salt = secrets.token_bytes(SALT_BYTES)
    return NewAuditEntry(new_uuid(), action, salt, text, digest_of(salt, text))


def canonical(value: Any) -> bytes:
    """Return the one spelling of a JSON value: keys sorted, no spaces."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def sealed_fields(org_id: UUID, sequence: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry as it is sealed: all but its changes, for which the digest stands."""
    return {
        "action": entry["action"],
        "actorId": entry["actor_id"],
        "actorKind": entry["actor_kind"],
        "actorName": entry["actor_name"],
        "digest": entry["digest"].hex(),
        "id": str(entry["id"]),
        "occurredAt": entry["occurred_at"].isoformat(timespec="milliseconds"),
        "orgId": str(org_id),
        "requestId": entry["request_id"],
        "sequence": sequence,
        "source": entry["source"],
        "targetId": str(entry["target_id"]),
    }


def mac_of(keys: Keyring, org_id: UUID, entry: Mapping[str, Any]) -> bytes:
    """Return what an entry carries from its insert on, so that only a process that holds a seal key can write one."""
    version, key = keys.current
    return version.to_bytes(_VERSION_BYTES, "big") + _mac(key, org_id, entry)


def is_authentic(keys: Keyring, org_id: UUID, entry: Mapping[str, Any]) -> bool:
    """Return whether a process that holds a seal key wrote an entry.

    An empty MAC is taken: the database has refused new ones ever since there are MACs.
    """
    mac: bytes = entry["mac"]
    if not mac:
        return True
    key = keys.keys.get(int.from_bytes(mac[:_VERSION_BYTES], "big"))
    return key is not None and hmac.compare_digest(mac[_VERSION_BYTES:], _mac(key, org_id, entry))


def _mac(key: bytes, org_id: UUID, entry: Mapping[str, Any]) -> bytes:
    # Three ids of fixed length and a list are one text for one entry, and quicker made than the canonical one.
    ids: bytes = org_id.bytes + entry["id"].bytes + entry["target_id"].bytes
    rest = [entry[name] for name in _WRITTEN]
    rest += [entry["digest"].hex(), entry["occurred_at"].isoformat(timespec="milliseconds")]
    return hmac.digest(key, _ENTRY + ids + orjson.dumps(rest), "sha256")


def wrong_changes(salt: bytes, changes: str, digest: bytes) -> str | None:
    """Return what is wrong with an entry's changes, as a predicate; None when they are those that were digested."""
    # Without a fixed length, bytes could be moved between the two and the digest would still fit.
    if len(salt) != SALT_BYTES:
        return f"have a salt of {len(salt)} bytes"
    if not hmac.compare_digest(digest_of(salt, changes), digest):
        return "do not fit their digest"
    try:
        found = orjson.loads(changes)
    except orjson.JSONDecodeError:
        return "are not in canonical form"
    pairs = isinstance(found, dict) and all(isinstance(pair, list) and len(pair) == 2 for pair in found.values())
    return None if pairs and canonical(found) == changes.encode() else "are not in canonical form"
