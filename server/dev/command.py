"""`counterfoil dev`: servers, migrations, the demo, the API and a worker, in one terminal and one data folder."""

import asyncio
import base64
import fcntl
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TextIO

from migrations.revisions import revisions
from server.database.databases import revision_of
from server.dev import embedded
from server.dev.accounts import data_folder_of, make_data_folder
from server.dev.env_files import read_env, write_env
from server.dev.environment import KEYS, URLS
from server.dev.processes import ProcessSpec, listens
from server.dev.reset import remove_data
from server.dev.supervisor import StopSignal, Supervisor, end_leftovers
from server.errors import CommandError, DevError, SettingsError, WrongCall
from server.http.ports import require_free_port
from server.late import late
from server.settings import KEY_FILE, LocalSettings, Settings, load

# For what `dev` makes itself, while the rest is looked at.
STAND_INS = dict.fromkeys(URLS[:2], "postgresql://localhost/counterfoil") | {"REDIS_URL": "redis://localhost"}
STAND_INS |= dict.fromkeys(KEYS, f"1:{base64.b64encode(bytes(32)).decode()}")
# Together they stay under the 5 s in which everything has to be gone.
APP_TIMEOUT_S = 3.0
WORKER_GRACE_S = 2.5
SERVERS_TIMEOUT_S = 1.5
CHECKOUT = Path(__file__).parents[2]
# As the one that has the lock: another would wait for a build that goes on.
IS_BUILT = ("make", "--question", "EXPLORER_IS_LOCKED=1", "explorer")

Say = Callable[[str], None]


def run(say: Say, *, reset: bool = False, explorer: bool = False) -> None:
    """Run everything in the foreground until SIGINT, SIGTERM or SIGHUP; `say` gets what a person should read.

    `reset` removes first what earlier runs made in the data folder; `explorer` builds GraphiQL and the
    reference of the REST API once the API runs.
    Raises CommandError or SettingsError, each one line, when it cannot start.
    """
    local = load(LocalSettings)
    if reset and any(os.environ.get(name) for name in URLS):
        raise WrongCall(f"--reset removes the data of servers that dev runs itself: unset {', '.join(URLS)}")
    if explorer and not (CHECKOUT / "explorer").is_dir():
        raise WrongCall("--explorer builds GraphiQL and the API reference of a checkout; an installed package has them")
    _require_settings()
    with data_folder_of(local.counterfoil_data) as folder:
        make_data_folder(folder)
        notes, lock = _notes(folder), (folder / "dev.lock").open("a+", encoding="utf-8")
    with _only_instance(folder, lock), Supervisor(notes, say) as supervisor:

        def go_on(line: str) -> None:
            supervisor.heed()
            say(line)

        try:
            for name in end_leftovers(notes, timeout_s=3):
                say(f"ended a {name} that an earlier run left behind")
            require_free_port(local.host, local.port)
            if reset:
                say(f"== Removing the data of earlier runs in {folder}")
                remove_data(folder)
            servers = _servers(folder, supervisor, say)
            environment = _environment(folder, servers)
            settings = load(Settings, **{name.lower(): value for name, value in environment.items()})
            with servers.named() if servers else nullcontext():
                _migrate(settings, go_on)
                late("server.dev.demo", "seed_demo")(settings, go_on)
            _serve(settings, environment, supervisor, say)
            if explorer and not _explorer_is_built():
                build = _explorer(folder)
                say(f"Building GraphiQL and the API reference (log: {build.log})")
                supervisor.start(build)
            supervisor.watch()
        except (StopSignal, asyncio.CancelledError):
            say("stopping")
        finally:
            (folder / "dev.env").unlink(missing_ok=True)
            supervisor.stop(("explorer", "api", "worker"), timeout_s=APP_TIMEOUT_S)
            supervisor.stop(timeout_s=SERVERS_TIMEOUT_S)


def _require_settings() -> None:
    """Hold what the environment names against its bounds, before anything is made or started for it. Raises
    SettingsError."""
    missing = [name for name in (*URLS, *KEYS) if not os.environ.get(name)]
    load(Settings, **{name.lower(): STAND_INS[name] for name in missing})


@contextmanager
def _only_instance(folder: Path, lock: TextIO) -> Iterator[None]:
    with lock as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise DevError(f"another dev (process {holder}) already runs on {folder}") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _notes(folder: Path) -> Path:
    notes = folder / "run"
    notes.mkdir(mode=0o700, exist_ok=True)
    return notes


def _servers(folder: Path, supervisor: Supervisor, say: Say) -> embedded.Servers | None:
    """Return servers of our own, started; None where the environment names some."""
    missing = [name for name in URLS if not os.environ.get(name)]
    if missing == [*URLS]:
        say(f"== Starting PostgreSQL and Valkey (data in {folder})")
        return embedded.start(folder, supervisor, notice=say)
    if missing:
        raise SettingsError(f"{' and '.join(missing)} missing: dev needs all of {', '.join(URLS)}, or none of them")
    say("== Using the servers that the environment names")
    return None


def _environment(folder: Path, servers: embedded.Servers | None) -> dict[str, str]:
    """Return the environment of the API and the worker: what is set goes before what is made here."""
    urls = servers.environment() if servers else {name: os.environ[name] for name in URLS}
    defaults = {
        "ENVIRONMENT": "development",
        "LOG_FORMAT": "console",
        "SERVER_TIMING": "true",
        "WEBHOOK_ALLOW_PRIVATE": "true",
    }
    made = defaults | _secrets(folder / "secrets.env")
    made |= {name: os.environ[name] for name in made if os.environ.get(name)}
    environment = {"COUNTERFOIL_DATA": str(folder), **made, **urls}
    write_env(folder / "dev.env", environment)
    return environment


def _secrets(path: Path) -> dict[str, str]:
    """Return the development secrets; those that an earlier version did not know are added."""
    known = read_env(path) if path.exists() else {}
    missing = [name for name in KEYS if name not in known]
    if missing:
        known |= {name: f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}" for name in missing}
        write_env(path, known)
    return known


def _migrate(settings: Settings, say: Say) -> None:
    if settings.migration_database_url is None:
        raise SettingsError("MIGRATION_DATABASE_URL is missing")
    say("== Migrating the database")
    if revision_of(settings.migration_database_url) != revisions().head:
        migrate = late("server.database.migrating", "apply_migrations")
        migrate(settings.migration_database_url, settings.database_url)


def _serve(settings: Settings, environment: Mapping[str, str], supervisor: Supervisor, say: Say) -> None:
    say("== Starting the API and a worker")
    inherited = {**os.environ, **environment, "WORKER_GRACE_SECONDS": str(WORKER_GRACE_S)}
    ours = (sys.executable, "-m", "server.cli")
    supervisor.start(ProcessSpec("worker", (*ours, "worker"), env=inherited))
    start_api(
        ProcessSpec("api", (*ours, "serve"), env=inherited, reason=partial(taken, settings)), settings, supervisor
    )
    for line in welcome(settings):
        say(line)


def _explorer_is_built() -> bool:
    """Return whether GraphiQL and the reference are built, and no older than their sources."""
    return subprocess.run(IS_BUILT, cwd=CHECKOUT, capture_output=True, check=False).returncode == 0


def _explorer(folder: Path) -> ProcessSpec:
    """Return what builds GraphiQL and the reference."""
    command = ("make", "--silent", "explorer")
    log = folder / "explorer.log"
    return ProcessSpec(
        "explorer", command, cwd=CHECKOUT, log=log, once=True, done="GraphiQL and the API reference are ready"
    )


def reachable_host(settings: LocalSettings) -> str:
    """Return the host to put in a URL for somebody on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"[{host}]" if ":" in host else host


def start_api(api: ProcessSpec, settings: LocalSettings, supervisor: Supervisor) -> None:
    """Start the API, and return once it listens itself. Raises EmbeddedError where its port was taken meanwhile."""
    supervisor.start(api)
    while not listens(supervisor.pid(api.name), settings.port):
        supervisor.check()
        time.sleep(0.05)


def taken(settings: LocalSettings) -> str | None:
    """Return why the API cannot listen, where another process took its port meanwhile; None where it can."""
    try:
        require_free_port(settings.host, settings.port)
    except CommandError as error:
        return str(error)
    return None


def welcome(settings: Settings) -> list[str]:
    """Return the lines that tell where everything is, with two commands to paste. The key itself stays in its file."""
    base = f"http://{reachable_host(settings)}:{settings.port}"
    key_file = settings.counterfoil_data / KEY_FILE
    key = f'-H "Authorization: Bearer $(cat {quote(str(key_file))})"'
    query = '{"query": "{ clients(first: 3) { nodes { id name email } } }"}'
    places = (
        ("Start page", f"{base}/"),
        ("GraphiQL" if settings.graphiql else "GraphQL", f"{base}/graphql"),
        ("REST", f"{base}/api/docs"),
        ("MCP", f"{base}/mcp"),
        ("Demo key", f"in {key_file}"),
    )
    return [
        "",
        *(f"  {name:<15}{place}" for name, place in places),
        "",
        f"curl -s {base}/graphql {key} -H 'Content-Type: application/json' -d '{query}'",
        f"curl -s '{base}/api/v1/clients?limit=3' {key}",
        "",
        "Ctrl-C ends everything; the data stay.",
    ]
