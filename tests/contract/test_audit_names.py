"""What the audit log calls a field: as the API does, so that nobody reads the names of columns."""

from typing import Any

import orjson
from graphql import get_named_type

from models.resources import RESOURCES, Resource
from models.settings import REGISTRY
from schema.graph import CORE
from tests.support.api import Org
from tests.support.domains import ALL
from tests.support.furnished import completed, document, furnish, right, target

# What entries have beside the fields of their object's type.
WITHOUT_FIELD: dict[str, frozenset[str]] = {
    # As inputs call what the type has as its author.
    "message": frozenset({"authorKind", "authorName"}),
    "reply": frozenset({"authorKind", "authorName"}),
    # The design of its PDF, which an invoice keeps since it was finalized.
    "invoice": frozenset({"color", "language", "logo"}),
    # What an access token that was made for them may do, and until when.
    "client": frozenset({"scopes", "expiresAt"}),
    # Which events reach it, until when its old secret signs, when it was deleted, and what was sent again.
    "webhook": frozenset({"createdByKey", "deletedAt", "delivery", "previousUntil", "scopes"}),
    # The key that it runs with, and what was decided of a step.
    "job": frozenset({"createdByKey", "decision", "operation", "reason", "step"}),
    # That it is QUEUED again, or CANCELLED: the API has those that failed.
    "task": frozenset({"state"}),
    "settings": frozenset(REGISTRY),
}


def _is_public(resource: Resource, path: str) -> bool:
    """Whether a type has a field, or one within another: ``onSubmit.createClient``."""
    type_: Any = CORE.type_map.get(resource.type_name)
    for name in path.split("."):
        if name not in getattr(type_, "fields", {}):
            return path in WITHOUT_FIELD.get(resource.subject, ())
        type_ = get_named_type(type_.fields[name].type)
    return True


async def test_entries_name_fields_as_their_types_do(acme: Org) -> None:
    found: dict[str, set[str]] = {}
    ids = await furnish(acme)
    for case in ALL.values():
        for mutation in case.keyed:
            given = completed(case, mutation, ids, right(case, mutation))
            if mutation in case.mutations and not case.single:
                given |= {"id": await target(acme, case, mutation, ids)}
            await acme.graphql(document(mutation), input=given)
    rows = await acme.rows("select action, changes from audit_entries join audit_changes on entry_id = id")
    for row in rows:
        found.setdefault(row["action"].partition(":")[0], set()).update(orjson.loads(row["changes"]))
    resources = {each.subject: each for each in RESOURCES.values()}
    wrong = [(name, path) for name, paths in found.items() for path in paths if not _is_public(resources[name], path)]
    assert wrong == []
    # None stands in the list for nothing.
    assert [
        (name, path) for name, paths in WITHOUT_FIELD.items() if name != "settings" for path in paths - found[name]
    ] == []
    assert {"onSubmit.createClient", "onSubmit.emailField"} <= found["form"]
    assert "nextPeriod" not in found["subscription"]
