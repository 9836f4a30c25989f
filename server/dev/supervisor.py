"""Keeps child processes running, starts again what dies, and ends all of them together."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from server.dev.processes import PidFile, ProcessSpec, kill, spawn
from server.errors import EmbeddedError

FIRST_DELAY = 0.2
LONGEST_DELAY = 10.0
# A process that ran as long as this is taken for healthy: its next failure is the first again.
HEALTHY_SECONDS = 10.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignal(KeyboardInterrupt):
    """A signal asked for the end. Not an Exception: no handler of failures on the way may keep it, nor does asyncio."""


def _cancel_tasks() -> None:
    for task in asyncio.all_tasks():
        task.cancel()


@dataclass
class _Child:
    spec: ProcessSpec
    process: "subprocess.Popen[bytes]"
    since: float
    # Doubled at each failure, the first one too.
    delay: float = FIRST_DELAY / 2
    due: float | None = None


class Supervisor:
    """Runs processes. `notes` is a folder for their pid files; `report` gets a line when one dies.

    As a context it turns SIGINT, SIGTERM and SIGHUP (where it is not ignored) into StopSignal, raised in the main
    thread, once; where an event loop runs, its tasks are cancelled in place of that. A further signal makes `stop` kill
    them without waiting.
    """

    def __init__(self, notes: Path | None = None, report: Callable[[str], None] = lambda _line: None) -> None:
        self._notes = notes
        self._report = report
        self._children: dict[str, _Child] = {}
        # What signal.signal returned is what it takes: its stubs say less of the one than of the other.
        self._before: dict[int, Any] = {}
        self._asked = 0
        self._raised = False
        self._busy = False
        self._terminal = False

    def __enter__(self) -> Self:
        # nohup has it go on after its terminal.
        stays = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._terminal = not stays and sys.stdin is not None and sys.stdin.isatty()
        for number in _SIGNALS:
            if not (stays and number is signal.SIGHUP):
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._asked += 1
        if self._busy:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._raise()
        else:
            # Raised within a library's C code it would leave that in pieces.
            loop.call_soon_threadsafe(_cancel_tasks)

    def _raise(self) -> None:
        if not self._raised:
            self._raised = True
            raise StopSignal

    def heed(self) -> None:
        """Raise StopSignal if a signal has asked for the end: a finalizer, for example, may have swallowed it."""
        if self._asked:
            self._raised = True
            raise StopSignal

    @contextlib.contextmanager
    def _deferred(self) -> Iterator[None]:
        """Raise what a signal asks for at the end of this context, not within it."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
        self.heed()

    def start(self, spec: ProcessSpec) -> int:
        """Start a process and watch it from now on; returns its number. Raises OSError when it cannot be started."""
        self.heed()
        # A signal between the fork and the note of it would lose the child.
        with self._deferred():
            child = self._children.get(spec.name)
            process = spawn(spec)
            if child is None:
                self._children[spec.name] = _Child(spec, process, time.monotonic())
            else:
                child.process, child.since, child.due = process, time.monotonic(), None
            if self._notes is not None:
                PidFile(self._notes / f"{spec.name}.pid").write(spec, process.pid)
        return process.pid

    def exit_code(self, name: str) -> int | None:
        """Return how a process ended (negative: by that signal), None while it runs. Raises StopSignal after a
        signal."""
        # Raised within poll, StopSignal would leave its lock taken, and `stop` would wait for ever.
        with self._deferred():
            return self._children[name].process.poll()

    def pid(self, name: str) -> int:
        """Return the number of a process, that of its last start when it has ended."""
        return self._children[name].process.pid

    def check(self) -> None:
        """Look at every process once: one that died is started again when its delay has passed.

        Raises StopSignal after a signal, and EmbeddedError for one that ended by itself and will do so again.
        """
        self.heed()
        now = time.monotonic()
        for child in tuple(self._children.values()):
            if child.due is None and (code := self.exit_code(child.spec.name)) is not None:
                if child.spec.once:
                    self._forget(child, code)
                    continue
                reason = child.spec.reason() if code > 0 else None
                if reason is not None:
                    raise EmbeddedError(reason)
                healthy = now - child.since > HEALTHY_SECONDS
                child.delay = FIRST_DELAY if healthy else min(child.delay * 2, LONGEST_DELAY)
                child.due = now + child.delay
                self._report(f"{child.spec.name} {_ending(child.process)}; it starts again in {child.delay:.1f} s")
            elif child.due is not None and child.due <= now:
                self.start(child.spec)

    def _forget(self, child: _Child, code: int) -> None:
        """Let a process go that runs once, and report its failure, or what it has done."""
        del self._children[child.spec.name]
        self._drop_note(child)
        if code != 0:
            self._report(f"{child.spec.name} {_ending(child.process)}; its output is in {child.spec.log}")
        elif child.spec.done is not None:
            self._report(child.spec.done)

    def _drop_note(self, child: _Child) -> None:
        if self._notes is not None:
            (self._notes / f"{child.spec.name}.pid").unlink(missing_ok=True)

    def watch(self) -> None:
        """Check until a signal or the end of the terminal raises StopSignal, or a process's end EmbeddedError."""
        while True:
            self.check()
            if self._terminal and not sys.stdin.isatty():
                # Its first process, such as make, may have kept the signal of that to itself.
                raise StopSignal
            time.sleep(0.1)

    def stop(self, names: Iterable[str] | None = None, *, timeout_s: float) -> None:
        """End the named processes (of those there are), or all: each by its own signal, after a time-out by SIGKILL."""
        # From here on a signal can only make it quicker.
        self._raised = True
        wanted = tuple(self._children) if names is None else names
        chosen = [self._children.pop(name) for name in wanted if name in self._children]
        for child in chosen:
            if child.process.poll() is None:
                # A server ends its own children in an orderly way; a build's go on without it.
                (os.killpg if child.spec.once else os.kill)(child.process.pid, child.spec.stop)
        deadline = time.monotonic() + timeout_s
        while any(child.process.poll() is None for child in chosen) and time.monotonic() < deadline and self._asked < 2:
            time.sleep(0.02)
        for child in chosen:
            if child.process.poll() is None:
                kill(child.process.pid)
            child.process.wait()
            if child.spec.once:
                # npm installs to the end in spite of SIGTERM.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGKILL)
            self._drop_note(child)


def end_leftovers(notes: Path, timeout_s: float) -> list[str]:
    """End what an earlier supervisor left running, by its pid files; returns the names of what was found alive.

    A process that merely has the number of one of ours is left alone.
    """
    order = sorted(notes.glob("*.pid"), key=lambda path: path.stem in ("postgres", "valkey"))
    return [path.stem for path in order if PidFile(path).end(timeout_s) is not None]


def _ending(process: "subprocess.Popen[bytes]") -> str:
    code = process.returncode
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
