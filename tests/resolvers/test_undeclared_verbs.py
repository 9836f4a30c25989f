"""Verbs of audit actions and events that a resource does not declare are refused where they are written."""

from typing import Any

import pytest

from models.orders import ORDER
from models.resources import USUAL
from resolvers.changes.edits import Edit, insert
from resolvers.clients import CLIENTS
from resolvers.collections.collection import Collection
from resolvers.members import MEMBERS
from resolvers.orders import ORDERS


def _edit(collection: Collection) -> Edit:
    # Nothing of the context is used before an edit is saved.
    ctx: Any = None
    row = {"id": None, "name": "Ada", "name_key": "ada", "notes": "n", "status": "PENDING"}
    return Edit(ctx, collection, row, dict(row))


@pytest.mark.parametrize("notes", ["n", "other"])
def test_an_action_that_is_not_declared_is_refused_also_where_nothing_differs(notes: str) -> None:
    edit = _edit(ORDERS)
    with pytest.raises(KeyError, match="order declares no action updte"):
        edit.set({"notes": notes}, "updte")
    with pytest.raises(KeyError, match="order declares no event changed"):
        edit.set({"notes": notes}, "update", "changed")
    assert (edit.actions, edit.events, edit.row["notes"]) == ([], [], "n")


def test_a_resource_without_events_has_none_that_can_be_named() -> None:
    edit = _edit(MEMBERS)
    with pytest.raises(KeyError, match="member declares no event updated"):
        edit.set({"name": "Grace"}, "update", "updated")
    edit.set({"name": "Grace"})
    assert (len(edit.actions), edit.events) == (1, [])


def test_the_usual_event_of_an_update_is_the_declared_one() -> None:
    edit = _edit(ORDERS)
    edit.set({"notes": "other"}, "update", USUAL)
    edit.set({"status": "SUBMITTED"}, "transition", "status_changed")
    assert edit.events == ["updated", "status_changed"]
    silent = _edit(ORDERS)
    silent.set({"notes": "other"}, "update", None)
    assert (len(silent.actions), silent.events) == (1, [])


async def test_an_object_is_inserted_with_a_declared_event_alone() -> None:
    ctx: Any = None
    with pytest.raises(KeyError, match="client declares no event made"):
        await insert(ctx, CLIENTS, {}, "made")


def test_an_action_is_named_by_a_declared_verb_alone() -> None:
    assert ORDER.action("transition") == "order:transition"
    with pytest.raises(KeyError, match="order declares no action archive"):
        ORDER.action("archive")
