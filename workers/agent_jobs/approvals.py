"""What an approval is bound to: an operation, its variables, and what it would change but for what is always new."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from resolvers.audit.entries import canonical
from resolvers.changes.recorded_changes import RecordedChanges

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
# Numbers that people read are drawn anew.
_NUMBER = "number"
_NONE: Counter[str] = Counter()


def hash_of(
    operation: str, variables: Mapping[str, Any], recorded: RecordedChanges, own: Mapping[str, int] = _NONE
) -> bytes:
    """Return what is approved, as two digests: of the operation, its variables, the versions of the objects that it
    finds and the new objects; and of what it changes of the objects that it finds.

    IDs of new objects, numbers and times are left out. ``own`` counts versions that do not count, by object.
    """
    new = {key: f"new {index}" for index, key in enumerate(recorded.made)}

    def stable(value: Any) -> Any:
        if isinstance(value, str):
            return new.get(value, "time" if _TIME.fullmatch(value) else value)
        if isinstance(value, list):
            return [stable(each) for each in value]
        return {name: stable(each) for name, each in value.items()} if isinstance(value, dict) else value

    versions = {target: version - own.get(target, 0) for target, version in recorded.versions.items()}
    changes = [each for each in recorded.changes if each["field"] != _NUMBER]
    others = [stable(each) for each in changes if each["target"] not in versions]
    found = [stable(each) for each in changes if each["target"] in versions]
    return _digest([operation, variables, versions, others]) + _digest([found, recorded.events])


def is_approved(
    approved: bytes, operation: str, variables: Mapping[str, Any], made: RecordedChanges, own: Mapping[str, int]
) -> bool:
    """Return whether what an operation changed is what was approved.

    ``own`` counts, by object, the versions that other approved calls of the job made of it since the question: what
    they changed of an object, the operation found, and may have changed otherwise than was shown.
    """
    bound = hash_of(operation, variables, made, own)
    half = len(bound) // 2
    return approved == bound or (any(own.get(each) for each in made.versions) and approved[:half] == bound[:half])


def _digest(value: Any) -> bytes:
    return hashlib.sha256(canonical(value)).digest()
