"""The supervisor, in a process of its own as it runs for real, with children that only sleep."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.dev.processes import PidFile, ProcessSpec, identity
from server.dev.supervisor import end_leftovers
from server.drafts import write_private
from tests.support.files import noted_pids

WAIT_SECONDS = 20

# A line of the children is one write, which no other child's is mixed into, whatever PYTHONUNBUFFERED is.
PROGRAM = """
import sys
from pathlib import Path
from server.dev.processes import ProcessSpec
from server.dev.supervisor import StopSignal, Supervisor, end_leftovers

notes = Path(sys.argv[1])
deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN); os.write(1, b'deaf\\\\n'); time.sleep(600)"
sleeper = (sys.executable, "-c", f"import os, signal, time; {deaf}")
argv = sleeper if "deaf" in sys.argv else ("sleep", "600")
print(*end_leftovers(notes, 3), flush=True)
with Supervisor(notes, lambda line: print(line, flush=True)) as supervisor:
    try:
        for name in ("one", "two"):
            supervisor.start(ProcessSpec(name, argv))
        for code in (0, 3):
            if "once" in sys.argv:
                command = ("sh", "-c", f"echo ran {code}; exit {code}")
                log, done = notes / f"{code}.log", f"task{code} is done"
                supervisor.start(ProcessSpec(f"task{code}", command, log=log, once=True, done=done))
        supervisor.watch()
    except StopSignal:
        print("stopped", flush=True)
    finally:
        supervisor.stop(timeout_s=0.2)
"""


@dataclass
class Run:
    """A supervisor's process. It and its children write into a file: a pipe's end would wait for all of them."""

    process: "subprocess.Popen[bytes]"
    output: Path

    def said(self) -> list[str]:
        return self.output.read_text(encoding="utf-8").splitlines()

    def signal(self, number: signal.Signals) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(WAIT_SECONDS)


Start = Callable[..., Run]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    made = tmp_path / "notes"
    made.mkdir()
    return made


@pytest.fixture
def run(notes: Path, tmp_path: Path) -> Iterator[Start]:
    started: list[Run] = []

    def go(*arguments: str) -> Run:
        output = tmp_path / f"output-{len(started)}"
        with output.open("wb") as file:
            process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(notes), *arguments], stdout=file)
        started.append(Run(process, output))
        return started[-1]

    yield go
    # First those who would start their children again.
    for each in started:
        each.process.kill()
        each.process.wait(WAIT_SECONDS)
    end_leftovers(notes, 3)


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def both_run(folder: Path) -> dict[str, int]:
    until(lambda: len(noted_pids(folder)) == 2)
    return noted_pids(folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything(number: signal.Signals, run: Start, notes: Path) -> None:
    supervisor = run()
    children = both_run(notes)
    assert supervisor.signal(number) == 0
    assert supervisor.said() == ["", "stopped"]
    assert [pid for pid in children.values() if identity(pid)] == []
    assert list(notes.iterdir()) == []


def test_a_child_that_will_not_go_is_killed(run: Start, notes: Path) -> None:
    supervisor = run("deaf")
    children = both_run(notes)
    until(lambda: supervisor.said() == ["", "deaf", "deaf"])
    assert supervisor.signal(signal.SIGTERM) == 0
    assert [pid for pid in children.values() if identity(pid)] == []


def test_a_killed_child_comes_back(run: Start, notes: Path) -> None:
    supervisor = run()
    before = both_run(notes)
    os.kill(before["two"], signal.SIGKILL)
    until(lambda: noted_pids(notes).get("two") not in (None, before["two"]))
    after = noted_pids(notes)
    assert after["one"] == before["one"]
    assert identity(after["two"]) is not None
    assert supervisor.signal(signal.SIGTERM) == 0
    assert supervisor.said() == ["", "two was ended by SIGKILL; it starts again in 0.2 s", "stopped"]


def test_a_killed_supervisor_takes_its_children_along(run: Start, notes: Path) -> None:
    supervisor = run()
    children = both_run(notes)
    supervisor.signal(signal.SIGKILL)
    until(lambda: [pid for pid in children.values() if identity(pid)] == [])


def test_the_next_start_ends_what_a_killed_one_left(run: Start, notes: Path) -> None:
    # Children that ignore the signal sent at their parent's death stay, as all do where there is no such signal.
    first = run("deaf")
    left = both_run(notes)
    until(lambda: first.said() == ["", "deaf", "deaf"])
    first.signal(signal.SIGKILL)
    assert all(identity(pid) for pid in left.values())
    second = run()
    until(lambda: second.said() != [])
    assert sorted(second.said()[0].split()) == ["one", "two"]
    assert [pid for pid in left.values() if identity(pid)] == []
    both_run(notes)
    assert second.signal(signal.SIGTERM) == 0


def test_a_process_that_only_has_the_number_is_left_alone(notes: Path) -> None:
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        write_private(notes / "api.pid", json.dumps({"pid": stranger.pid, "identity": "another", "stop": 15}))
        assert end_leftovers(notes, 3) == []
        assert identity(stranger.pid) is not None
        assert list(notes.iterdir()) == []
    finally:
        stranger.kill()
        stranger.wait(WAIT_SECONDS)


def test_a_process_that_has_ended_leaves_no_note(notes: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait(WAIT_SECONDS)
    PidFile(notes / "x.pid").write(ProcessSpec("x", ("true",)), ended.pid)
    assert list(notes.iterdir()) == []


def _tasks(run: Run) -> list[str]:
    return sorted(line for line in run.said() if line.startswith("task"))


def test_what_runs_once_is_not_started_again_and_says_how_it_ended(run: Start, notes: Path) -> None:
    supervisor = run("once")
    until(lambda: set(noted_pids(notes)) == {"one", "two"} and len(_tasks(supervisor)) == 2)
    assert _tasks(supervisor) == ["task0 is done", f"task3 ended with 3; its output is in {notes / '3.log'}"]
    assert [(notes / f"{code}.log").read_text(encoding="utf-8") for code in (0, 3)] == ["ran 0\n", "ran 3\n"]
    assert supervisor.signal(signal.SIGTERM) == 0
