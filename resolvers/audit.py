"""The stub that every change leaves: what an audit entry holds, and how it is sealed and proven."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import orjson

from models.audit import Action
from models.typeid import new_uuid

# Never in the log: secrets, and columns that only repeat another without case.
HIDDEN = frozenset(
    {"org_id", "id", "digest", "secret", "previous_secret", "name_key", "email_key", "updated_at", "version"}
)


@dataclass(frozen=True, slots=True)
class Stub:
    """One audit entry to be written: its changes as canonical text, salted, and their digest."""

    id: UUID
    action: Action
    salt: bytes
    changes: str
    digest: bytes


@cache
def camel(name: str) -> str:
    """A column's name as clients see it."""
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def shown(value: Any) -> Any:
    """A column's value as the log keeps it."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return value


def digest_of(salt: bytes, changes: str) -> bytes:
    """sha256(salt ‖ canonical text of the changes)."""
    return hashlib.sha256(salt + changes.encode()).digest()


def stub_of(action: Action, old: Mapping[str, Any], new: Mapping[str, Any]) -> Stub:
    """The stub of a change between two states; a missing side is null."""
    fields = [name for name in (new or old) if name not in HIDDEN and (not old or not new or old[name] != new[name])]
    changes = {camel(name): [shown(old.get(name)), shown(new.get(name))] for name in fields}
    text = orjson.dumps(changes, option=orjson.OPT_SORT_KEYS).decode()
    salt = secrets.token_bytes(16)
    return Stub(new_uuid(), action, salt, text, digest_of(salt, text))
