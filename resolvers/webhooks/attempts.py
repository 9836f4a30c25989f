"""Attempts of deliveries, as callers see them: the body of a response may repeat what was sent."""

from typing import Any

from execution import Args
from resolvers.context import Context, Row
from resolvers.webhooks.reading import readable


async def attempts(ctx: Context, parents: list[Row], args: Args) -> list[list[dict[str, Any]]]:
    """Return the attempts of each delivery, without the bodies of the responses if the caller may not read the event's
    object."""
    if "body" not in args.columns:
        return [row["attempts"] for row in parents]
    shown = await readable(ctx, parents)
    return [
        row["attempts"] if row["event_id"] in shown else [each | {"body": None} for each in row["attempts"]]
        for row in parents
    ]
