"""The garbage collector of a process that answers requests: none of its collections takes long.

Left to itself it looks at all that lives whenever a quarter has been added, and most of that is documents that are
kept: 64 MiB of them held every request back for 300 ms. Here it looks at what is new, as soon as that is much and
several times a second, and not again at what is still there then. Little of that ever becomes garbage that only a
collector finds: when there may be much of it, everything is looked at once.
"""

import asyncio
import gc

# Python looks at so many new objects by itself, once; at what is left of them it is kept from looking again.
YOUNG_OBJECTS, NEVER = 20_000, 1_000_000_000
SETTLE_S = 0.25
# More are those of large answers, most of all, which are gone in a moment: they are waited for, so many times.
MOST_OBJECTS, MOST_WAITS = 50_000, 20
# What is judged and kept of documents until it is looked at: while caches hold it, that takes a seventh of the time.
NEW_BYTES = 256 * 1024
# How often the objects out of sight are counted, which takes some milliseconds for a million of them; by how many they
# may become more before all of them are looked at; and how many bytes of kept documents account for one of them.
COUNT_AFTER, GROWTH, BYTES_OF_OBJECT = 20, 400_000, 48


class Collector:
    """Collects garbage in place of Python, once it has started."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        # Bytes of documents that are kept: all, and those since the last collection.
        self._kept = self._new = 0
        self._collections = self._waits = self._most = 0
        self._before = gc.get_threshold()

    def start(self) -> None:
        """Collect garbage from now on. What is there lives as long as the process."""
        self._loop = asyncio.get_running_loop()
        gc.set_threshold(YOUNG_OBJECTS, NEVER, NEVER)
        self.collect_all()
        self._wait(self._loop)

    def stop(self) -> None:
        """Leave the garbage to Python again."""
        if self._timer is not None:
            self._timer.cancel()
        self._loop = self._timer = None
        gc.unfreeze()
        gc.set_threshold(*self._before)

    def note(self, size: int) -> None:
        """Take note of so many bytes of documents that are kept from now on, or judged; below zero, no longer."""
        self._kept += size
        if self._loop is not None and size > 0:
            due = self._new < NEW_BYTES <= self._new + size
            self._new += size
            if due:
                self._loop.call_soon(self.collect)

    def collect(self) -> None:
        """Collect the garbage among what is new, and take the rest out of sight; wait where that is too much."""
        self._new = 0
        passed = gc.get_count()[1]
        if passed * YOUNG_OBJECTS > MOST_OBJECTS and self._waits < MOST_WAITS and len(gc.get_objects(1)) > MOST_OBJECTS:
            self._waits += 1
            return
        self._waits = 0
        self._collections += 1
        gc.collect()
        gc.freeze()

    def collect_all(self) -> None:
        """Collect all garbage."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._most = gc.get_freeze_count() + GROWTH - self._kept // BYTES_OF_OBJECT

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(SETTLE_S, self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        # Only what Python has looked at: each piece is some 20,000 objects.
        if gc.get_count()[1]:
            self.collect()
        if self._collections >= COUNT_AFTER:
            self._collections = 0
            if gc.get_freeze_count() > self._most + self._kept // BYTES_OF_OBJECT:
                self.collect_all()
        self._wait(loop)


# That of this process.
collector = Collector()
