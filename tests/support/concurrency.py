"""How many requests a receiver has at once."""

import asyncio

from tests.support.jobs import Request


class Concurrency:
    """Responds after some seconds; ``most`` is how many requests were there at once at most."""

    def __init__(self, seconds: float, response: bytes) -> None:
        self.seconds, self.response = seconds, response
        self.now = self.most = 0

    async def __call__(self, _request: Request) -> bytes:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.seconds)
        self.now -= 1
        return self.response
