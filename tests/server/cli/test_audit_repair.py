"""A log that somebody wrote into with the application's role: the README's own statements mend it."""

import asyncio
import re
from uuid import UUID

import psycopg
import pytest

from models.organizations import ORGANIZATION
from models.typeid import decode
from resolvers.audit import seals
from resolvers.jobs.claims import context_of
from server.settings import Settings, load
from server.wiring import running
from tests.support.commands import environment, org, rows, run
from tests.support.repository import ROOT
from tests.support.servers import Backends

__all__ = ["environment", "org"]

pytestmark = pytest.mark.usefixtures("logging_restored")
ENTRY = """insert into audit_entries select org_id, gen_random_uuid(), action, actor_kind, actor_id, 'nobody',
  target_id, digest, request_id, source, occurred_at, decode(repeat('00', 34), 'hex')
  from audit_entries limit 1 returning id"""
SEAL = """insert into audit_seals (org_id, sequence, entry_id, seal, key_version)
  select org_id, (select max(sequence) + 1 from audit_seals), id, decode(repeat('00', 32), 'hex'), 1
  from audit_entries e where not exists (select from audit_seals s where s.entry_id = e.id) order by id limit 1"""


def readme(name: str, **values: object) -> str:
    """The README's statements of a name, with the values that `psql` would put in."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = text.split(f"<!-- {name} -->\n```sql\n")[1].split("```\n")[0].splitlines()
    assert {line.split()[1] for line in lines if line.startswith("\\set ")} == values.keys()
    statements = "\n".join(line for line in lines if not line.startswith("\\set "))
    for variable, value in values.items():
        statements = statements.replace(f":'{variable}'", f"'{value}'").replace(f":{variable}", str(value))
    return statements


def as_application(backends: Backends, org_id: UUID, *statements: str) -> list[tuple[object, ...]]:
    """Run statements as the application's role in an organization; the rows of the last."""
    with psycopg.connect(backends.database_url) as connection:
        connection.execute("select set_config('app.org_id', %s, true)", [str(org_id)])
        found = [connection.execute(statement.encode()) for statement in statements][-1]
        return found.fetchall() if found.description else []


def as_owner(backends: Backends, statements: str) -> int:
    """Run statements as the owner; how many rows the last of them changed."""
    with psycopg.connect(backends.migration_database_url, autocommit=True) as connection:
        return connection.execute(statements.encode()).rowcount


async def seal(org_id: UUID) -> int:
    """Seal what is unsealed, as a worker does."""
    async with running(load(Settings), min_size=0, max_size=1) as runtime:
        ctx = context_of(runtime, org_id, org_id)
        async with ctx.transaction():
            return await seals.seal(ctx, everything=True)


def test_the_readmes_statements_mend_a_log(environment: Backends, org: str, capsys: pytest.CaptureFixture[str]) -> None:
    org_id = decode(ORGANIZATION.prefix, org)
    assert org_id is not None
    head = run(capsys, "audit", "verify", "--org", org)[1].splitlines()[-1].removeprefix("head ")
    verify = ("audit", "verify", "--org", org, "--head", head)
    # The entry that was unsealed, and one of somebody who has no seal key, both with a seal of theirs.
    [(forged,)] = as_application(environment, org_id, SEAL, ENTRY)
    as_application(environment, org_id, SEAL)
    with pytest.raises(seals.BrokenChain):
        asyncio.run(seal(org_id))
    code, _, err = run(capsys, *verify)
    unfit = "seal 3 does not fit its entry and the seal before it"
    assert (code, err) == (1, f"counterfoil: the audit log is not intact: {unfit} (org_id {org_id})\n")
    # While row-level security is forced, the owner removes nothing.
    assert as_owner(environment, f"delete from audit_seals where org_id = '{org_id}'") == 0
    as_owner(environment, readme("remove seals", org_id=org_id, seal=3))
    assert rows(environment, "select sequence from audit_seals order by 1") == [(1,), (2,)]
    assert asyncio.run(seal(org_id)) == 1
    code, _, err = run(capsys, *verify)
    found = re.fullmatch(
        r"counterfoil: the audit log is not intact: the unsealed entry audit_\w+ \(id (\S+)\)"
        rf" was not written with a seal key \(org_id {org_id}\)\n",
        err,
    )
    assert code == 1
    assert found is not None
    assert found[1] == str(forged)
    as_owner(environment, readme("remove an entry", org_id=org_id, id=found[1]))
    code, out, err = run(capsys, *verify)
    assert (code, out.splitlines()[1], err) == (0, "sealed 3, unsealed 0, erased 0", "")
    # Row-level security is forced again everywhere, and nothing else was removed.
    assert rows(environment, "select relname from pg_class where relrowsecurity and not relforcerowsecurity") == []
    assert rows(environment, "select (select count(*) from audit_entries), (select count(*) from audit_changes)") == [
        (3, 3)
    ]
