"""What an approval is bound to: an operation, its variables, and what it would change but for what is always new."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from resolvers.audit.entries import canonical
from resolvers.changes.rehearsal import Rehearsal

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
# Numbers that people read are drawn anew.
_NUMBER = "number"


def hash_of(operation: str, variables: Mapping[str, Any], rehearsal: Rehearsal) -> bytes:
    """Return the digest of what is approved. IDs of new objects, numbers and times are left out of the changes."""
    new = {key: f"new {index}" for index, key in enumerate(rehearsal.made)}

    def stable(value: Any) -> Any:
        if isinstance(value, str):
            return new.get(value, "time" if _TIME.fullmatch(value) else value)
        if isinstance(value, list):
            return [stable(each) for each in value]
        return {name: stable(each) for name, each in value.items()} if isinstance(value, dict) else value

    changes = [stable(change) for change in rehearsal.changes if change["field"] != _NUMBER]
    text = canonical([operation, variables, rehearsal.versions, changes, rehearsal.events])
    return hashlib.sha256(text).digest()
