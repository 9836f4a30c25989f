"""The garbage collector of a process that answers requests: none of its collections takes long.

Left to itself it looks at all that lives whenever a quarter has been added, and most of that is documents that are
kept: 64 MiB of them held every request back for 300 ms. Here it looks at what is new, as soon as that is much and
several times a second, and not again at what is still there then. Little of that ever becomes garbage that only a
collector finds: when there may be much of it, everything is looked at once.
"""

import asyncio
import gc

SETTLE_S = 0.25
# Fewer new objects are not worth a look.
NEW_OBJECTS = 1_000
# What is kept of documents until it is looked at: while the processor's caches hold it, that takes a seventh.
NEW_BYTES = 256 * 1024
# How often the objects out of sight are counted, which takes some milliseconds for a million of them; and by how many
# they may become more before all of them are looked at.
COUNT_AFTER, GROWTH = 20, 400_000


class Collector:
    """Collects garbage in place of Python, once it has started."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._kept = self._turns = self._most = 0

    def start(self) -> None:
        """Collect garbage from now on. What is there lives as long as the process."""
        self._loop = asyncio.get_running_loop()
        gc.disable()
        self.look_at_all()
        self._wait(self._loop)

    def stop(self) -> None:
        """Leave the garbage to Python again."""
        if self._timer is not None:
            self._timer.cancel()
        self._loop = self._timer = None
        gc.unfreeze()
        gc.enable()

    def note(self, size: int) -> None:
        """Take note of so many bytes that are kept from now on."""
        if self._loop is not None and size > 0:
            due = self._kept < NEW_BYTES <= self._kept + size
            self._kept += size
            if due:
                self._loop.call_soon(self.settle)

    def look_at_all(self) -> None:
        """Collect all garbage."""
        gc.unfreeze()
        self.settle()
        self._most = gc.get_freeze_count() + GROWTH

    def settle(self) -> None:
        """Collect the garbage among what is new, and take the rest out of sight."""
        self._kept = 0
        gc.collect()
        gc.freeze()

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(SETTLE_S, self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        if gc.get_count()[0] >= NEW_OBJECTS:
            self.settle()
            self._turns += 1
            if self._turns % COUNT_AFTER == 0 and gc.get_freeze_count() > self._most:
                self.look_at_all()
        self._wait(loop)


# That of this process.
collector = Collector()
