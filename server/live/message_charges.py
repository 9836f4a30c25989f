"""What reading the messages of a WebSocket costs, and who pays for it."""

from typing import Any

from resolvers.actor import Actor
from resolvers.errors import Refusal
from server.live.messages import BAD_REQUEST, TRY_AGAIN, ClosedError, message_of
from web.body import BYTES, SMALL, body_weight
from web.dependencies import Dependencies, subject_of
from web.http import Message

# What a client may send in all before it is acknowledged: its key, and a few pings.
EARLY_BYTES, EARLY_MESSAGES = 8 * 1024, 20
EARLY = f"At most {EARLY_MESSAGES} messages of {EARLY_BYTES} bytes in all may come before connection_ack"
# So many messages that begin no operation cost one.
FREE_MESSAGES = 4


class MessageCharges:
    """Reads the messages of one connection, and charges ``actor`` for them once it is known."""

    def __init__(self, dependencies: Dependencies) -> None:
        self.dependencies = dependencies
        self.actor: Actor | None = None
        self._early_bytes = self._early_messages = self._others = 0

    def read(self, received: Message) -> dict[str, Any]:
        """Return a message. Raises ClosedError for what is no message, for too many bytes before the actor is known,
        and for what costs something of an actor who has spent the budget."""
        size, actor = len(received.get("text") or ""), self.actor
        if actor is None:
            self._early_bytes += size
            self._early_messages += 1
            if self._early_bytes > EARLY_BYTES or self._early_messages > EARLY_MESSAGES:
                raise ClosedError(BAD_REQUEST, EARLY)
            return message_of(received)
        if size > SMALL:
            self._charge(actor, size // BYTES)
        message = message_of(received)
        if size > SMALL:
            self.dependencies.owe(actor, body_weight(message, size) - size // BYTES)
        if message["type"] != "subscribe":
            self._others += 1
            if not self._others % FREE_MESSAGES:
                self._charge(actor, 1)
        return message

    def _charge(self, actor: Actor, cost: int) -> None:
        try:
            self.dependencies.refuse_debtor(actor.org_id, subject_of(actor))
        except Refusal as refusal:
            raise ClosedError(TRY_AGAIN, refusal.message) from None
        self.dependencies.owe(actor, cost)
