"""PostgreSQL and Valkey without an installation, for development and tests: two wheels, two loopback ports."""

import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from server.dev import embedded_postgres, embedded_valkey
from server.dev.accounts import close_data_folder, make_data_folder
from server.dev.embedded_postgres import APP, OWNER, SUPERUSER, telling
from server.dev.env_files import read_env, write_env
from server.dev.supervisor import Supervisor
from server.errors import DatabaseRefused, EmbeddedError
from server.late import late

START_SECONDS = 30
# Below those that systems give to outgoing connections: one of these could take a port before it is listened on.
PORTS = range(20_000, 32_000)


@dataclass(frozen=True)
class Servers:
    """The URLs of running servers; the owner may create databases, the application's role owns and bypasses nothing."""

    database_url: str = field(repr=False)
    migration_database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    superuser_url: str = field(repr=False)
    data: Path
    log: "Log"

    def environment(self) -> dict[str, str]:
        """Return the URLs as settings, without the superuser's."""
        return {
            "DATABASE_URL": self.database_url,
            "MIGRATION_DATABASE_URL": self.migration_database_url,
            "REDIS_URL": self.redis_url,
        }

    @contextmanager
    def named(self) -> Iterator[None]:
        """Raise EmbeddedError, with the reason and the folder of the data, for what PostgreSQL refuses in the block."""
        try:
            yield
        except Exception as error:
            refused = (
                error if isinstance(error, DatabaseRefused) else late("server.command_errors", "command_error")(error)
            )
            if not isinstance(refused, DatabaseRefused):
                raise
            # One that stopped says why in its log alone.
            stopped = _stopped(self.log, self.data, ("PANIC",))
            raise EmbeddedError(stopped or f"{refused.reason} (its data are in {self.data})") from None


class Log:
    """What a server writes into its log from now on."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known = path.stat().st_size if path is not None and path.exists() else 0

    def new(self) -> str:
        """Return what was written since."""
        if self._path is None or not self._path.exists():
            return ""
        return self._path.read_bytes()[self._known :].decode("utf-8", "replace")


def _stopped(log: Log, home: Path, severities: tuple[str, ...]) -> str | None:
    """Return why PostgreSQL stopped, by its log; None where that has no message of these severities."""
    message = telling(log.new(), severities)
    return None if message is None else f"PostgreSQL stopped: {message} (its data are in {home})"


def start(
    folder: Path, supervisor: Supervisor, *, ephemeral: bool = False, notice: Callable[[str], None] = lambda _line: None
) -> Servers:
    """Start both servers under a data folder, watched by `supervisor`, and make the database and its roles.

    The folder keeps data and passwords for the next start. Raises EmbeddedError.
    """
    folder = folder.resolve()
    make_data_folder(folder)
    words = _passwords(folder / "servers.env")
    postgres = embedded_postgres.prepare(folder, free_port(), words, ephemeral=ephemeral, notice=notice)
    valkey = embedded_valkey.prepare(folder, free_port(), words["valkey"])
    logs = Log(postgres.spec.log), Log(valkey.spec.log)
    supervisor.start(replace(postgres.spec, reason=partial(_stopped, logs[0], postgres.home, ("PANIC", "FATAL"))))
    supervisor.start(valkey.spec)
    _wait(supervisor, postgres.spec.name, postgres.answers, logs[0])
    _wait(supervisor, valkey.spec.name, valkey.answers, logs[1])
    urls = (postgres.url(APP), postgres.url(OWNER), valkey.url, postgres.url(SUPERUSER))
    servers = Servers(*urls, data=postgres.home, log=logs[0])
    with servers.named():
        postgres.make_roles()
    return servers


@contextmanager
def ephemeral_servers(parent: Path | None = None) -> Iterator[Servers]:
    """Yield both servers in a temporary folder, without durability; ended and removed at the end of the block."""
    supervisor = Supervisor()
    with temporary_folder(parent) as folder:
        try:
            yield start(folder, supervisor, ephemeral=True)
        finally:
            supervisor.stop(timeout_s=5)


@contextmanager
def temporary_folder(parent: Path | None = None) -> Iterator[Path]:
    """Yield a data folder for the block, removed at its end with what servers have put elsewhere.

    It lies in `parent`, or in the system's folder of temporary files.
    """
    folder = Path(tempfile.mkdtemp(prefix="counterfoil-", dir=parent))
    close_data_folder(folder)
    try:
        yield folder
    finally:
        pointer = folder / "postgres.path"
        if pointer.exists():
            shutil.rmtree(pointer.read_text(encoding="utf-8").strip())
        shutil.rmtree(folder)


def free_port() -> int:
    """Return a loopback port that nothing listens on now. Raises EmbeddedError where there is none."""
    for _ in range(10 * len(PORTS)):
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise EmbeddedError(f"no port from {PORTS[0]} to {PORTS[-1]} is free")


def _passwords(path: Path) -> dict[str, str]:
    if path.exists():
        return read_env(path)
    words = {name: secrets.token_hex(24) for name in (SUPERUSER, OWNER, APP, "valkey")}
    write_env(path, words)
    return words


def _wait(supervisor: Supervisor, name: str, answers: Callable[[], bool], log: Log) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        ended = supervisor.exit_code(name)
        if ended is not None or time.monotonic() > deadline:
            why = f"ended with {ended}" if ended is not None else f"does not answer after {START_SECONDS} s"
            raise EmbeddedError(f"the embedded {name} {why}{_last_words(log.new())}")
        time.sleep(0.02)


def _last_words(text: str) -> str:
    lines = text.strip().splitlines()
    # What is fatal is the reason; what follows it only says goodbye.
    for words in (("PANIC",), ("FATAL", "# Fatal")):
        found = [line for line in lines if any(word in line for word in words)]
        if found:
            return f": {found[-1].strip()}"
    return f": {lines[-1].strip()}" if lines else ""
