"""A dump is made by the role of the README, and restored by the owner: row-level security lets no other."""

import re
import shlex
import subprocess
from pathlib import Path

from migrations.runner import upgrade
from server.database.databases import with_database
from server.dev.embedded_postgres import package_folder
from tests.support.repository import ROOT
from tests.support.roles import Server, judge, server

__all__ = ["server"]

README = (ROOT / "README.md").read_text(encoding="utf-8").split("\n### Backups\n")[-1].split("\n## ")[0]
PROGRAMS = package_folder("embedded_postgres") / "pginstall" / "bin"
ORGANIZATION = """insert into organizations (org_id, name, slug, default_currency, timezone, version, updated_at)
  values (uuidv7(), 'Acme', 'acme', 'EUR', 'UTC', 1, now())"""
GRANTS = """select table_name, privilege_type from information_schema.role_table_grants where grantee = '{}'
  order by table_name, privilege_type"""


def commands() -> dict[str, str]:
    """The README's commands to dump and to restore, by their programs."""
    return {line.split()[0]: line for line in re.findall(r"^    (pg_\w+ .+)$", README, re.MULTILINE)}


def ran(command: str, **values: str) -> str:
    """Run a command of the README; what it said."""
    program, *arguments = shlex.split(command)
    for name, value in values.items():
        arguments = [each.replace(f"${name.upper()}", value) for each in arguments]
    done = subprocess.run(
        [PROGRAMS / program, *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        env={"LC_ALL": "C"},
    )
    return done.stderr if done.returncode else ""


async def test_what_the_readme_says_of_dumps(server: Server, tmp_path: Path) -> None:
    name = server.url.rpartition("/")[2]
    server.run(f"alter role {server.owner} password 'o'", f"alter role {server.app} password 'a'", ORGANIZATION)
    login = "postgresql://{}:{}@" + server.url.rpartition("@")[2]
    owner, file = login.format(server.owner, "o"), str(tmp_path / "the.dump")
    dump = commands()["pg_dump"].replace("counterfoil.dump", file)
    restore = commands()["pg_restore"].replace("counterfoil.dump", file)
    assert "row-level security" in ran(dump, backup_url=owner)
    plain = tmp_path / "plain.sql"
    assert ran(f"{dump} --format=plain --enable-row-security --file={plain}", backup_url=owner) == ""
    assert "CREATE TABLE public.organizations" in plain.read_text(encoding="utf-8")
    assert "Acme" not in plain.read_text(encoding="utf-8")

    [made] = re.findall(r"```sql\n(.+?)```", README, re.DOTALL)
    made = made.replace("'…'", "'b'").replace("database counterfoil ", f"database {name} ")
    server.run(*filter(None, map(str.strip, made.split(";"))))
    assert ran(dump, backup_url=login.format("counterfoil_backup", "b")) == ""

    before = server.run(GRANTS.format(server.app))
    assert len(before) > 100
    for more in ("", " --no-privileges"):
        server.run(
            "drop database if exists restored",
            f"create database restored owner {server.owner} encoding 'UTF8' template template0",
            f"grant connect on database restored to {server.app}",
        )
        restored = Server(with_database(server.url, "restored"), server.app, server.owner)
        url = with_database(owner, "restored")
        assert ran(restore + more, migration_database_url=url) == ""
        assert (restored.run(GRANTS.format(server.app)) == before) == (not more)
        upgrade(url, server.app)
        assert restored.run(GRANTS.format(server.app)) == before
        assert restored.run("select name from organizations") == [("Acme",)]
        # Its policies are there too, and it is no role that the application may not have.
        forced = "select count(*) from pg_class where relforcerowsecurity"
        assert restored.run(forced) == server.run(forced)
        assert await judge(with_database(login.format(server.app, "a"), "restored")) is None
    server.run("drop database restored", "drop owned by counterfoil_backup", "drop role counterfoil_backup")
