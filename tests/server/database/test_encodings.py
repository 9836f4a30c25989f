"""A database that cannot keep every text is refused before anything is written."""

import secrets
from collections.abc import Iterator

import psycopg
import pytest

from server.cli.main import main
from server.database.databases import drop_database, role_of
from server.errors import CommandError
from server.wiring import running
from tests.support.api import settings_of
from tests.support.servers import NAMES, Backends

ENCODINGS = ("SQL_ASCII", "LATIN1")


@pytest.fixture(params=ENCODINGS)
def narrow(request: pytest.FixtureRequest, servers: Backends) -> Iterator[tuple[Backends, str]]:
    """The servers with a database of another encoding, without tables."""
    name = f"counterfoil_test_{secrets.token_hex(6)}"
    with psycopg.connect(servers.migration_database_url, autocommit=True) as owner:
        how = f"encoding '{request.param}' locale_provider libc locale 'C' template template0"
        owner.execute(f"create database {name} {how}")
        owner.execute(f"grant connect on database {name} to {role_of(servers.database_url)}")
    try:
        yield (
            servers.with_database(name),
            f"the database has the encoding {request.param}: create one with the encoding UTF8",
        )
    finally:
        drop_database(servers.migration_database_url, name)


def test_it_is_not_migrated(
    narrow: tuple[Backends, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    backends, refused = narrow
    for name, value in zip(
        NAMES, (backends.database_url, backends.migration_database_url, backends.redis_url), strict=True
    ):
        monkeypatch.setenv(name, value)
    assert main(["migrate"]) == 1
    assert capsys.readouterr().err == f"counterfoil: MIGRATION_DATABASE_URL: {refused}\n"
    with psycopg.connect(backends.migration_database_url, client_encoding="utf8") as owner:
        assert owner.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone() == (0,)


async def test_no_process_starts_on_it(narrow: tuple[Backends, str]) -> None:
    backends, refused = narrow
    with pytest.raises(CommandError) as raised:
        async with running(settings_of(backends), max_size=1):
            pass
    assert str(raised.value) == f"DATABASE_URL: {refused}"
