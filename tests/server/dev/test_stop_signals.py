"""Signals to the process of a supervisor, wherever they meet it."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from server.dev.processes import ProcessSpec
from server.dev.supervisor import StopSignal, Supervisor

WAIT_SECONDS = 20


async def interrupted() -> None:
    asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
    await asyncio.sleep(30)


def test_a_signal_within_a_callback_of_the_loop_ends_it() -> None:
    with Supervisor(), pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())


def test_a_signal_that_something_kept_ends_it_at_the_next_step() -> None:
    with Supervisor() as supervisor:
        # What keeps it may be a finalizer.
        with pytest.raises(StopSignal):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(StopSignal):
            supervisor.heed()
        with pytest.raises(StopSignal):
            supervisor.watch()


def test_a_signal_is_raised_after_a_look_at_a_process_not_within_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within it, the lock of subprocess would stay taken, and the end of the process be waited for without end."""
    poll, looks = subprocess.Popen.poll, list[int | None]()

    def interrupted(process: "subprocess.Popen[bytes]") -> int | None:
        signal.raise_signal(signal.SIGINT)
        looks.append(poll(process))
        return looks[-1]

    with Supervisor() as supervisor:
        supervisor.start(ProcessSpec("one", ("sleep", "600")))
        try:
            monkeypatch.setattr(subprocess.Popen, "poll", interrupted)
            with pytest.raises(StopSignal):
                supervisor.check()
        finally:
            monkeypatch.undo()
            supervisor.stop(timeout_s=WAIT_SECONDS)
    assert looks == [None]


@pytest.mark.parametrize("ignoring", ["", "trap '' TERM; "])
def test_what_a_build_started_ends_with_it(tmp_path: Path, ignoring: str) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    with Supervisor() as supervisor:
        supervisor.start(ProcessSpec("build", ("sh", "-c", f"({ignoring}sleep 600) > {held} & wait"), once=True))
        # Opened once the other process has it.
        with held.open("rb") as until_it_ends:
            supervisor.stop(timeout_s=WAIT_SECONDS)
            assert select.select([until_it_ends], [], [], WAIT_SECONDS)[0]


def test_the_end_of_the_terminal_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    controller, terminal = os.openpty()
    with os.fdopen(terminal, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with Supervisor() as supervisor:
            os.close(controller)
            with pytest.raises(StopSignal):
                supervisor.watch()


def test_what_nohup_runs_goes_on_after_its_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Supervisor, "check", lambda _: signal.raise_signal(signal.SIGINT))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Supervisor() as supervisor:
            signal.raise_signal(signal.SIGHUP)
            supervisor.heed()
            with pytest.raises(StopSignal):
                supervisor.watch()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_cancels_what_an_event_loop_runs() -> None:
    """Raised where it comes, it would come within a library's C code, too."""
    ends: list[str] = []

    async def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        ends.append("not raised at once")
        try:
            await asyncio.sleep(60)
        finally:
            ends.append("cancelled")

    with Supervisor() as supervisor:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(work())
        with pytest.raises(StopSignal):
            supervisor.heed()
    assert ends == ["not raised at once", "cancelled"]
