"""How many frames a WebSocket's client may send: the smallest ones cost as much to read as those with a message."""

import time
from typing import Any

from websockets.exceptions import ProtocolError
from websockets.frames import CloseCode, Frame
from websockets.server import ServerProtocol

from server.access.token_bucket import TokenBucket

# At once, and for each second: of 100 operations that begin and end together there are 200.
FRAMES, FRAMES_PER_SECOND = 500, 100
TOO_MANY = "Too many frames"


class BoundedFrames(ServerProtocol):
    """The protocol of a WebSocket that fails, with close code 1008, once its client sends frames beyond the bound."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._frames = TokenBucket(FRAMES, FRAMES_PER_SECOND, time.monotonic())

    def recv_frame(self, frame: Frame) -> None:
        if self._frames.refilled(time.monotonic()) < 1:
            self.fail(CloseCode.POLICY_VIOLATION, TOO_MANY)
            # What came with it is not read any more.
            raise ProtocolError(TOO_MANY)
        self._frames.left -= 1
        super().recv_frame(frame)
