"""What tests of the command line need: an environment, what a command prints, an organization with a log."""

import asyncio
import base64

import psycopg
import pytest

from models.organizations import ORGANIZATION
from models.typeid import decode
from resolvers.audit.chain import public_keys
from resolvers.keyring import Keyring
from server.cli.main import main
from server.settings import Settings, load
from server.wiring import running
from tests.support.audit import run as run_seal
from tests.support.servers import Backends

KEYS = ("KEY_PEPPERS", "SECRET_KEYS", "SEAL_KEYS")
SIGNING = f"1:{base64.b64encode(bytes(32)).decode()}"
PUBLIC = f"1:{base64.b64encode(public_keys(Keyring({1: bytes(32)}))[1]).decode()}"


@pytest.fixture
def environment(own_backends: Backends, monkeypatch: pytest.MonkeyPatch) -> Backends:
    monkeypatch.setenv("DATABASE_URL", own_backends.database_url)
    monkeypatch.setenv("MIGRATION_DATABASE_URL", own_backends.migration_database_url)
    monkeypatch.setenv("REDIS_URL", own_backends.redis_url)
    for name in KEYS:
        monkeypatch.setenv(name, f"1:{base64.b64encode(bytes(32)).decode()}")
    return own_backends


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        code = main(words)
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def rows(backends: Backends, query: str) -> list[tuple[object, ...]]:
    # The owner is held by the policies too: an organization has to be named.
    with psycopg.connect(backends.migration_database_url) as owner:
        org = owner.execute("select org_id from directory where resource = 'organization'").fetchone()
        assert org is not None
        owner.execute("select set_config('app.org_id', %s, true)", [str(org[0])])
        return list(owner.execute(query.encode()))


@pytest.fixture
def org(environment: Backends, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of an organization, whose log has two sealed entries and one that is not."""
    monkeypatch.setenv("SIGNING_KEYS", SIGNING)
    made = run(capsys, "org", "create", "--name", "One", "--slug", "one")[1].strip()
    key = ("keys", "create", "--org", "one", "--name", "x", "--scopes", "*")
    run(capsys, *key)

    async def seal() -> None:
        org_id = decode(ORGANIZATION.prefix, made)
        assert org_id is not None
        async with running(load(Settings), min_size=0, max_size=1) as runtime:
            await run_seal(runtime, org_id)

    asyncio.run(seal())
    run(capsys, *key)
    return made
