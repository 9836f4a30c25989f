"""Transitions of a status: which are available, which are blocked, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from execution import Args
from models.enums import DescribedEnum
from models.machines import Block, Machine, Requirement, S, SettingValues, Transition
from models.names import article
from resolvers.context import Context, Row, now
from resolvers.errors import Refusal, bad_input
from resolvers.loads import BatchResolver
from resolvers.moments import shown_time
from resolvers.settings import settings_of


@dataclass(frozen=True, slots=True)
class TransitionRequest:
    """A status that was requested, and the reason, with the names of the input's fields that hold them."""

    status: DescribedEnum
    reason: str | None
    status_field: str
    reason_field: str


def transition_request(
    values: dict[str, Any], status_field: str = "status", reason_field: str = "reason"
) -> TransitionRequest | None:
    """Take the status and the reason out of an input's values. Return None if no status is requested."""
    status, reason = values.pop(status_field, None), values.pop(reason_field, None)
    return None if status is None else TransitionRequest(status, reason, status_field, reason_field)


def request_to(status: DescribedEnum) -> TransitionRequest:
    """Return the request for a status that a mutation stands for: what is wrong with it is wrong with the object."""
    return TransitionRequest(status, None, "id", "id")


def available(
    ctx: Context, machine: Machine[S], row: Mapping[str, Any], settings: SettingValues, moment: datetime
) -> list[dict[str, Any]]:
    """Return every transition from a row's status that whoever asks may make, what it requires, and what blocks it."""
    found = []
    for each in machine.leaving(machine.states(row["status"])):
        if ctx.actor.client is not None and each.target not in machine.by_clients:
            continue
        block = _block(each, row, settings, moment)
        found.append(
            {"to": each.target, "allowed": block is None, "requires": [*each.requires], "blocked_by": _shown(block)}
        )
    return found


def _block(each: Transition[S], row: Mapping[str, Any], settings: SettingValues, moment: datetime) -> Block | None:
    return None if each.check is None else each.check(row, settings, moment)


def _shown(block: Block | None) -> dict[str, Any] | None:
    if block is None:
        return None
    return {"code": block.code, "message": block.message, "limit": block.limit, "until": block.until}


def transitions_of(machine: Machine[S]) -> BatchResolver:
    """Return a batch resolver of the transitions from each parent's status."""

    async def load(ctx: Context, parents: list[Row], args: Args) -> list[list[dict[str, Any]]]:
        guarded = any(row["status"] in machine.guarded for row in parents)
        settings = await settings_of(ctx) if guarded else {}
        moment = now()
        return [available(ctx, machine, row, settings, moment) for row in parents]

    return load


async def transition_of(
    ctx: Context, label: str, machine: Machine[S], row: Mapping[str, Any], request: TransitionRequest, moment: datetime
) -> Transition[S]:
    """Return the transition to the status that was requested. Raises Refusal INVALID_TRANSITION or BAD_INPUT."""
    origin, target = machine.states(row["status"]), machine.states(request.status)
    settings = await settings_of(ctx) if origin in machine.guarded else {}
    made = machine.between(origin, target)
    block = None if made is None else _block(made, row, settings, moment)
    if made is None or block is not None:
        allowed = [each["to"].value for each in available(ctx, machine, row, settings, moment) if each["allowed"]]
        if block is None:
            message = (
                f"This {label} is already {target.value}."
                if origin is target
                else f"{article(label).capitalize()} {label} that is {origin.value} cannot become {target.value}."
            )
            raise Refusal("INVALID_TRANSITION", message, field=request.status_field, allowed=allowed)
        extra: dict[str, Any] = {"blockedBy": block.code.value}
        if block.limit is not None:
            extra["limit"] = block.limit
        if block.until is not None:
            extra["until"] = shown_time(block.until)
        raise Refusal("INVALID_TRANSITION", block.message, field=request.status_field, allowed=allowed, **extra)
    if Requirement.REASON in made.requires and request.reason is None:
        raise bad_input(request.reason_field, f"A reason is required to become {target.value}.", "REQUIRED")
    return made
