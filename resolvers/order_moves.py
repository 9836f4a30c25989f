"""The order's state machine at work: what a move changes, and what blocks it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from models.orders import BY_ORIGIN, Guard, Move, OrderStatus, move_between
from resolvers.context import Row
from resolvers.errors import Refusal, bad_input

Settings = Mapping[str, int | None]
GUARDED_BY_SETTINGS = frozenset({OrderStatus.DELIVERED, OrderStatus.COMPLETED})
_MESSAGES = {
    Guard.REVISION_LIMIT: "The order has had as many revisions as the setting orders.revisionLimit allows.",
    Guard.REOPEN_WINDOW: "The order was completed longer ago than the setting orders.reopenDays allows.",
    Guard.REASON_REQUIRED: "Cancelling needs a reason.",
}


def blocked_by(row: Row, move: Move, settings: Settings, moment: datetime) -> Guard | None:
    """The guard that blocks a legal move now, apart from a reason, which comes with the request."""
    if move.guard is Guard.REVISION_LIMIT:
        limit = settings["orders.revisionLimit"]
        return move.guard if limit is not None and row["revisions"] >= limit else None
    if move.guard is Guard.REOPEN_WINDOW:
        days, completed = settings["orders.reopenDays"], row["completed_at"]
        late = days is not None and completed is not None and moment > completed + timedelta(days=days)
        return move.guard if late else None
    return None


def available(row: Row, settings: Settings, moment: datetime) -> list[dict[str, Any]]:
    """Every move of the table from where the order stands, and what blocks it."""
    found = []
    for move in BY_ORIGIN[OrderStatus(row["status"])]:
        guard = blocked_by(row, move, settings, moment)
        why = None if guard is None else {"code": guard.value, "message": _MESSAGES[guard]}
        found.append({"to": move.target, "allowed": guard is None, "blocked_by": why})
    return found


def effects_of(
    row: Mapping[str, Any], target: OrderStatus, reason: str | None, settings: Settings, moment: datetime, field: str
) -> dict[str, Any]:
    """The columns that a move changes. Raises Refusal INVALID_TRANSITION, or BAD_INPUT for a missing reason."""
    origin = OrderStatus(row["status"])
    move = move_between(origin, target)
    guard = None if move is None else blocked_by(row, move, settings, moment)
    if move is None or guard is not None:
        allowed = [each["to"].value for each in available(row, settings, moment) if each["allowed"]]
        message = (
            f"An order that is {origin.value} cannot become {target.value}." if guard is None else _MESSAGES[guard]
        )
        blocked = {} if guard is None else {"blockedBy": guard.value}
        raise Refusal("INVALID_TRANSITION", message, field=field, allowed=allowed, **blocked)
    if move.guard is Guard.REASON_REQUIRED and reason is None:
        name = "reason" if field.endswith("to") else "statusReason"
        raise bad_input(f"input.{name}", _MESSAGES[Guard.REASON_REQUIRED])
    changes: dict[str, Any] = {"status": target}
    if origin is OrderStatus.SUBMITTED and target is OrderStatus.IN_PROGRESS:
        changes["started_at"] = moment
        if row["delivery_days"] is not None:
            changes["due_at"] = moment + timedelta(days=row["delivery_days"])
    if target is OrderStatus.ON_HOLD:
        changes["held_at"] = moment
    if origin is OrderStatus.ON_HOLD:
        changes["held_at"] = None
        if row["due_at"] is not None and target is OrderStatus.IN_PROGRESS:
            changes["due_at"] = row["due_at"] + (moment - row["held_at"])
    if target is OrderStatus.DELIVERED:
        changes["delivered_at"] = moment
    if target is OrderStatus.REVISION_REQUESTED:
        changes["revisions"] = row["revisions"] + 1
    if target is OrderStatus.COMPLETED:
        changes["completed_at"] = moment
    if origin is OrderStatus.COMPLETED:
        changes["completed_at"] = None
    if target is OrderStatus.CANCELLED:
        changes["cancelled_reason"] = reason
    return changes
