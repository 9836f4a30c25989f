"""The supervisor, in a process of its own as it runs for real, with children that only sleep."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.processes import PidFile, ProcessSpec, identity, write_private
from server.supervisor import end_leftovers

WAIT_SECONDS = 20

Run = Callable[..., "subprocess.Popen[str]"]

PROGRAM = """
import signal, sys
from pathlib import Path
from server.processes import ProcessSpec
from server.supervisor import Stopped, Supervisor, end_leftovers

notes = Path(sys.argv[1])
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
argv = (sys.executable, "-c", deaf) if "deaf" in sys.argv else ("sleep", "600")
print(*end_leftovers(notes, 3), flush=True)
with Supervisor(notes, lambda line: print(line, flush=True)) as supervisor:
    try:
        for name in ("one", "two"):
            supervisor.start(ProcessSpec(name, argv))
        supervisor.watch()
    except Stopped:
        print("stopped", flush=True)
    finally:
        supervisor.stop(patience=0.2)
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    started: list[subprocess.Popen[str]] = []

    def go(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path), *arguments], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield go
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
    end_leftovers(tmp_path, 3)


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def pids(folder: Path) -> dict[str, int]:
    return {path.stem: json.loads(path.read_text())["pid"] for path in folder.glob("[!.]*.pid")}


def both_run(folder: Path) -> dict[str, int]:
    until(lambda: len(pids(folder)) == 2)
    return pids(folder)


def output(process: "subprocess.Popen[str]") -> list[str]:
    assert process.stdout is not None
    return process.stdout.read().splitlines()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything(number: signal.Signals, run: Run, tmp_path: Path) -> None:
    supervisor = run()
    children = both_run(tmp_path)
    supervisor.send_signal(number)
    assert supervisor.wait(WAIT_SECONDS) == 0
    assert output(supervisor) == ["", "stopped"]
    assert [pid for pid in children.values() if identity(pid)] == []
    assert list(tmp_path.iterdir()) == []


def test_a_child_that_will_not_go_is_killed(run: Run, tmp_path: Path) -> None:
    supervisor = run("deaf")
    children = both_run(tmp_path)
    assert supervisor.stdout is not None
    assert [supervisor.stdout.readline() for _ in range(3)] == ["\n", "deaf\n", "deaf\n"]
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(WAIT_SECONDS) == 0
    assert [pid for pid in children.values() if identity(pid)] == []


def test_a_killed_child_comes_back(run: Run, tmp_path: Path) -> None:
    supervisor = run()
    before = both_run(tmp_path)
    os.kill(before["two"], signal.SIGKILL)
    until(lambda: pids(tmp_path).get("two") not in (None, before["two"]))
    after = pids(tmp_path)
    assert after["one"] == before["one"]
    assert identity(after["two"]) is not None
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(WAIT_SECONDS) == 0
    assert output(supervisor) == ["", "two was ended by SIGKILL; it starts again in 0.2 s", "stopped"]


def test_a_killed_supervisor_takes_its_children_along(run: Run, tmp_path: Path) -> None:
    supervisor = run()
    children = both_run(tmp_path)
    supervisor.kill()
    supervisor.wait(WAIT_SECONDS)
    until(lambda: [pid for pid in children.values() if identity(pid)] == [])


def test_the_next_start_ends_what_a_killed_one_left(run: Run, tmp_path: Path) -> None:
    # Children that ignore the signal sent at their parent's death stay, as all do where there is no such signal.
    first = run("deaf")
    left = both_run(tmp_path)
    assert first.stdout is not None
    assert [first.stdout.readline() for _ in range(3)] == ["\n", "deaf\n", "deaf\n"]
    first.kill()
    first.wait(WAIT_SECONDS)
    assert all(identity(pid) for pid in left.values())
    second = run()
    assert second.stdout is not None
    assert sorted(second.stdout.readline().split()) == ["one", "two"]
    assert [pid for pid in left.values() if identity(pid)] == []
    both_run(tmp_path)
    second.send_signal(signal.SIGTERM)
    assert second.wait(WAIT_SECONDS) == 0


def test_a_process_that_only_has_the_number_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as stranger:
        write_private(tmp_path / "api.pid", json.dumps({"pid": stranger.pid, "identity": "another", "stop": 15}))
        assert end_leftovers(tmp_path, 3) == []
        assert identity(stranger.pid) is not None
        assert list(tmp_path.iterdir()) == []
        stranger.kill()


def test_a_process_that_has_ended_leaves_no_note(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    PidFile(tmp_path / "x.pid").write(ProcessSpec("x", ("true",)), ended.pid)
    assert list(tmp_path.iterdir()) == []
