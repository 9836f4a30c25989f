"""Deadlines that share one timer, where ``asyncio.timeout`` starts a timer for each."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Task = asyncio.Task[Any]


class Deadlines:
    """A deadline of so many seconds for parts of tasks: one part of a task at a time.

    All parts have the same time, so the first that started is the first to be late. Use as::

        task = deadlines.start()
        try:
            ...
        finally:
            late = deadlines.end(task)

    A task that is late is cancelled; where ``late`` is true, the CancelledError that left the block is ours to catch.
    """

    __slots__ = ("_due", "_timer", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._due: dict[Task, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._due)

    def start(self) -> Task:
        """Start the clock of the current task."""
        task = asyncio.current_task()
        assert task is not None, "a deadline is for a task"
        loop = task.get_loop()
        self._due[task] = due = loop.time() + self.seconds
        if self._timer is None:
            self._timer = loop.call_at(due, self._look)
        return task

    def end(self, task: Task) -> bool:
        """Stop the clock. True when the task was cancelled for being late, and for nothing else."""
        if self._due.pop(task, None) is not None:
            return False
        return task.uncancel() == 0

    def pause(self, task: Task) -> bool:
        """Stop the clock for what has a deadline of its own; whether there was one to stop."""
        return self._due.pop(task, None) is not None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock of the current task for a block that has bounds of its own; it starts anew after it."""
        task = asyncio.current_task()
        stopped = task is not None and self.pause(task)
        try:
            yield
        finally:
            if stopped:
                self.start()

    def _look(self) -> None:
        self._timer = None
        for task, due in list(self._due.items()):
            loop = task.get_loop()
            if due > loop.time():
                self._timer = loop.call_at(due, self._look)
                break
            del self._due[task]
            task.cancel()
