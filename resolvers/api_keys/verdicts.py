"""What was found out about a credential, for some seconds."""

from dataclasses import dataclass
from datetime import datetime

from resolvers.actor import Actor


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who a raw key or token was found to be, None for nobody; good until a moment of the monotonic clock.

    A verdict that is no longer good still tells that its key was a real one. ``reason`` is why a token that we
    signed is nobody's any more.
    """

    until: float
    actor: Actor | None
    expires_at: datetime | None
    reason: str | None = None
