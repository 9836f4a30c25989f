"""The HTTP protocol of one server, with its own bounds and deadlines."""

import sys

from server.http.connection import Timeouts
from server.http.held_bytes import HeldBytes, unfinished_requests, unread_answers
from server.http.protocol import BoundedProtocol
from server.http.slots import Slots


def bounded(
    head_s: float, slots: Slots | None = None, unread: HeldBytes | None = None, unfinished: HeldBytes | None = None,
    **seconds: float,
) -> type[BoundedProtocol]:  # fmt: skip
    """Return the protocol with a deadline, in seconds, for the head of each request, and others of ``Timeouts``;
    ``slots`` bounds what an address may hold of it, ``unread`` what clients have not taken, ``unfinished`` what has
    come of requests without their end."""
    shared = {
        "slots": slots or Slots(sys.maxsize),
        "unread": unread or unread_answers(),
        "unfinished": unfinished or unfinished_requests(),
    }
    return type("Protocol", (BoundedProtocol,), {"timeouts": Timeouts(head_s=head_s, **seconds), **shared})
