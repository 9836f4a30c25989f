"""The order's state machine at work: what a move changes, and what blocks it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models.orders import BY_ORIGIN, Guard, Move, OrderStatus, Requirement, move_between
from resolvers.context import Row
from resolvers.errors import Refusal, bad_input

Settings = Mapping[str, int | None]
GUARDED_BY_SETTINGS = frozenset({OrderStatus.DELIVERED, OrderStatus.COMPLETED})
_MESSAGES = {
    Guard.REVISION_LIMIT: "The order has had as many revisions as the setting orders.revisionLimit allows.",
    Guard.REOPEN_WINDOW: "The order was completed longer ago than the setting orders.reopenDays allows.",
}


@dataclass(frozen=True, slots=True)
class Block:
    """What blocks a legal move: its guard, the limit that was reached, and until when the move was possible."""

    code: Guard
    limit: int
    until: datetime | None = None

    @property
    def message(self) -> str:
        """Why, for a person."""
        return _MESSAGES[self.code]


def blocked_by(row: Row, move: Move, settings: Settings, moment: datetime) -> Block | None:
    """What blocks a legal move now, apart from what the request must bring."""
    if move.guard is Guard.REVISION_LIMIT:
        limit = settings["orders.revisionLimit"]
        return Block(move.guard, limit) if limit is not None and row["revisions"] >= limit else None
    if move.guard is Guard.REOPEN_WINDOW:
        days, completed = settings["orders.reopenDays"], row["completed_at"]
        if days is None or completed is None:
            return None
        until = completed + timedelta(days=days)
        return Block(move.guard, days, until) if moment > until else None
    return None


def available(row: Row, settings: Settings, moment: datetime) -> list[dict[str, Any]]:
    """Every move of the table from where the order stands, what its request must bring, and what blocks it."""
    found = []
    for move in BY_ORIGIN[OrderStatus(row["status"])]:
        block = blocked_by(row, move, settings, moment)
        found.append(
            {"to": move.target, "allowed": block is None, "requires": [*move.requires], "blocked_by": _shown(block)}
        )
    return found


def _shown(block: Block | None) -> dict[str, Any] | None:
    if block is None:
        return None
    return {"code": block.code, "message": block.message, "limit": block.limit, "until": block.until}


def effects_of(
    row: Mapping[str, Any], target: OrderStatus, reason: str | None, settings: Settings, moment: datetime, field: str
) -> dict[str, Any]:
    """The columns that a move changes. Raises Refusal INVALID_TRANSITION, or BAD_INPUT for a missing reason."""
    origin = OrderStatus(row["status"])
    move = move_between(origin, target)
    block = None if move is None else blocked_by(row, move, settings, moment)
    if move is None or block is not None:
        allowed = [each["to"].value for each in available(row, settings, moment) if each["allowed"]]
        if block is None:
            message = f"An order that is {origin.value} cannot become {target.value}."
            raise Refusal("INVALID_TRANSITION", message, field=field, allowed=allowed)
        beside: dict[str, Any] = {"blockedBy": block.code.value, "limit": block.limit}
        if block.until is not None:
            beside["until"] = block.until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        raise Refusal("INVALID_TRANSITION", block.message, field=field, allowed=allowed, **beside)
    if Requirement.REASON in move.requires and reason is None:
        name = "reason" if field.endswith("to") else "statusReason"
        raise bad_input(f"input.{name}", "A reason is required to cancel an order.", "REQUIRED")
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
