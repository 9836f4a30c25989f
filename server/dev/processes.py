"""Child processes that never outlive their parent unnoticed: how they start, how they are recognized, how they end."""

import contextlib
import ctypes
import json
import os
import platform
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from server.dev.accounts import Account
from server.drafts import write_private

_PR_SET_PDEATHSIG = 1
# The state of a socket that listens, in Linux's tables.
_LISTENS = "0A"
# Loaded before any fork: the child between fork and exec must not import or open anything.
_LINUX = platform.system() == "Linux"
_LIBC = ctypes.CDLL(None) if _LINUX else None


@dataclass(frozen=True)
class ProcessSpec:
    """A process to run: `stop` is the signal that ends it in an orderly way, `log` the file that gets its output.

    Without `log` it writes where the parent does. `account` is the user to run as, None for the parent's own. `reason`
    says why it ended by itself, where it would only do so again. One that runs `once` is not started again, its `stop`
    goes to its whole process group, and `done` is said when it succeeded.
    """

    name: str
    argv: tuple[str, ...]
    stop: signal.Signals = signal.SIGTERM
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    account: Account | None = None
    log: Path | None = None
    reason: Callable[[], str | None] = lambda: None
    once: bool = False
    done: str | None = None


def _die_with_parent(parent: int, stop: signal.Signals) -> Callable[[], None]:
    def prepare() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(stop))
            # The parent may have died before the line above.
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def spawn(spec: ProcessSpec) -> "subprocess.Popen[bytes]":
    """Start a process in a session of its own, so that a terminal's Ctrl-C reaches its supervisor alone.

    Raises OSError when the program cannot be started.
    """
    with contextlib.ExitStack() as files:
        output = None
        if spec.log is not None:
            descriptor = os.open(spec.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            output = files.enter_context(os.fdopen(descriptor, "ab"))
        return subprocess.Popen(
            spec.argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=spec.cwd,
            env=dict(spec.env) if spec.env is not None else None,
            start_new_session=True,
            user=spec.account.uid if spec.account else None,
            group=spec.account.gid if spec.account else None,
            extra_groups=[] if spec.account else None,
            preexec_fn=_die_with_parent(os.getpid(), spec.stop),
        )


def kill(pid: int) -> None:
    """End a process of ours at once by SIGKILL, with its process group, and its children where these have groups of
    their own, as PostgreSQL's have."""
    children = _children_of(pid)
    os.killpg(pid, signal.SIGKILL)
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _children_of(pid: int) -> list[int]:
    if not _LINUX:
        shown = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, encoding="utf-8", check=True)
        pairs = (line.split() for line in shown.stdout.splitlines())
        return [int(child) for child, parent in pairs if int(parent) == pid]
    numbers = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal()]
    return [number for number in numbers if (stat := _stat(number)) is not None and int(stat[1]) == pid]


def _stat(pid: int) -> list[str] | None:
    """Return what Linux says of a process, from its state on; None if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The program's name, in brackets, may hold spaces and brackets of its own.
    return stat[stat.rindex(")") + 2 :].split()


def identity(pid: int) -> str | None:
    """Return what tells a living process from another that gets its number later (boot and start time); None if it is
    gone."""
    if _LINUX:
        fields = _stat(pid)
        if fields is None or fields[0] in "ZX":
            return None
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text(encoding='utf-8').strip()} {fields[19]}"
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, encoding="utf-8", check=False)
    return shown.stdout.strip() or None


def listens(pid: int, port: int) -> bool:
    """Return whether a process itself listens on a port: another one may have taken it."""
    if not _LINUX:
        command = ["lsof", "-a", "-n", "-P", "-t", "-p", str(pid), f"-iTCP:{port}", "-sTCP:LISTEN"]
        return bool(subprocess.run(command, capture_output=True, encoding="utf-8", check=False).stdout.strip())
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        if (table := Path("/proc/net", name)).exists()
        for line in table.read_text(encoding="utf-8").splitlines()[1:]
    ]
    # Its own address, its state and its inode, as Linux writes them.
    found = {f"socket:[{row[9]}]" for row in rows if row[3] == _LISTENS and int(row[1].rpartition(":")[2], 16) == port}
    return bool(found) and not found.isdisjoint(_opened(pid))


def _opened(pid: int) -> Iterator[str]:
    """Yield what the descriptors of a process lead to; nothing of one that is gone."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                yield str(descriptor.readlink())


@dataclass(frozen=True)
class PidFile:
    """A note of a running process that a later start can recognize it by."""

    path: Path

    def write(self, spec: ProcessSpec, pid: int) -> None:
        """Note the process; one that has already ended leaves no note."""
        mark = identity(pid)
        if mark is not None:
            write_private(self.path, json.dumps({"pid": pid, "identity": mark, "stop": int(spec.stop)}))

    def end(self, timeout_s: float) -> int | None:
        """End the process if it still is the one noted, at the latest after `timeout_s` seconds, and drop the note.

        Returns its number when there was one to end.
        """
        note = json.loads(self.path.read_text(encoding="utf-8"))
        pid, mark = int(note["pid"]), note["identity"]
        found = identity(pid) == mark
        if found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, note["stop"])
            _wait_gone(pid, mark, timeout_s)
            if identity(pid) == mark:
                with contextlib.suppress(ProcessLookupError):
                    kill(pid)
                _wait_gone(pid, mark, timeout_s)
        self.path.unlink()
        return pid if found else None


def _wait_gone(pid: int, mark: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while identity(pid) == mark and time.monotonic() < deadline:
        time.sleep(0.02)
