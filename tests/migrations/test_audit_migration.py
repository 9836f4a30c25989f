"""A log from before entries had a MAC: it goes on, still verifies, and what was wrong with it is still said."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from migrations.runner import upgrade
from models.typeid import new_uuid
from resolvers.audit.bundle import check
from resolvers.audit.chain import public_keys
from resolvers.audit.entries import FIRST, canonical, digest_of, sealed_fields
from resolvers.audit.seals import link
from resolvers.audit.verify import verify
from resolvers.context import now
from server.database.databases import role_of
from tests.support.audit import SIGNING, bundle, run
from tests.support.jobs import RING, emit, runtime_of
from tests.support.servers import Backends

TEXT = '{"name":["Zoe","Zoë"]}'
SALT = bytes(range(16))


@pytest.fixture
def older(servers: Backends) -> Iterator[Backends]:
    """A database of the first revision."""
    with servers.empty_database() as made:
        upgrade(made.migration_database_url, role_of(made.database_url), "0001")
        yield made


def write(backends: Backends, org: UUID, salt: bytes = SALT, text: str = TEXT) -> str:
    """Two sealed entries and one that is not, as they were written then; the last seal, which was the head."""
    version, key = RING.current
    seal = FIRST
    with psycopg.connect(backends.database_url) as connection:
        connection.execute("select set_config('app.org_id', %s, true)", [str(org)])
        for number in (1, 2, 3):
            entry = {
                "id": new_uuid(), "action": "client:update", "actor_kind": "KEY", "actor_id": "k", "actor_name": "K",
                "target_id": new_uuid(), "digest": digest_of(SALT, TEXT), "request_id": "r", "source": "REST",
                "occurred_at": now(),
            }  # fmt: skip
            marks = ", ".join(f"%({name})s" for name in entry)
            connection.execute(
                f"insert into audit_entries (org_id, {', '.join(entry)}) values (%(org)s, {marks})".encode(),
                {**entry, "org": org},
            )
            connection.execute("insert into audit_changes values (%s, %s, %s, %s)", [org, entry["id"], salt, text])
            if number < 3:
                seal = link(key, seal, canonical(sealed_fields(org, number, entry)))
                connection.execute(
                    "insert into audit_seals values (%s, %s, %s, %s, %s)", [org, number, entry["id"], seal, version]
                )
    return seal.hex()


async def test_an_older_log_goes_on(older: Backends, org: UUID) -> None:
    head = write(older, org)
    upgrade(older.migration_database_url, role_of(older.database_url))
    async with runtime_of(older) as runtime:
        found = await verify(runtime, org, (2, head))
        assert (found.sealed, found.unsealed, found.failure) == (2, 1, None)
        await emit(runtime, org)
        await run(runtime, org)
        found = await verify(runtime, org, (2, head))
        assert (found.sealed, found.unsealed, found.failure) == (4, 0, None)
        assert check(await bundle(runtime, org), public_keys(SIGNING)).failure is None
    # What comes now has a MAC, or does not come.
    with psycopg.connect(older.database_url) as connection:
        connection.execute("select set_config('app.org_id', %s, true)", [str(org)])
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(
                "insert into audit_entries select org_id, gen_random_uuid(), action, actor_kind, actor_id, actor_name,"
                " target_id, digest, request_id, source, occurred_at, mac from audit_entries where mac = '' limit 1"
            )


async def test_a_border_that_was_moved_then_is_seen_now(older: Backends, org: UUID) -> None:
    head = write(older, org, SALT + TEXT[:5].encode(), TEXT[5:])
    upgrade(older.migration_database_url, role_of(older.database_url))
    async with runtime_of(older) as runtime:
        assert (await verify(runtime, org, (2, head))).failure == "the changes of entry 1 have a salt of 21 bytes"
