"""Roles that the application must not run as: by what they are, by membership, or at the end of `set role`."""

import pytest

from models.catalogue import TABLES
from server.cli.main import main
from server.database.databases import with_database
from server.database.roles import HARMLESS
from tests.support.roles import Server, judge, server
from tests.support.settings import NEEDED

__all__ = ["server"]

pytestmark = pytest.mark.usefixtures("logging_restored")
END = "use one that owns nothing"


IS = {
    "superuser": "is a superuser",
    "bypassrls": "bypasses row-level security",
    "createrole": "may create roles",
    "replication": "may replicate the database",
}


@pytest.mark.parametrize(("right", "what"), IS.items(), ids=IS)
async def test_what_a_role_is(server: Server, right: str, what: str) -> None:
    with server.login(f"alter role ROLE {right}") as (name, url):
        assert await judge(url) == f"DATABASE_URL: the role {name} {what}; {END}"


MEMBER = {
    "of a superuser": (("grant boss to ROLE",), "boss", "is a superuser"),
    "of a superuser, not inherited": (("alter role ROLE noinherit", "grant boss to ROLE"), "boss", "is a superuser"),
    "of a superuser, by administration": (("grant boss to ROLE with admin option",), "boss", "is a superuser"),
    "of a superuser, by another": (("grant boss to plain", "grant plain to ROLE"), "boss", "is a superuser"),
    "of one that bypasses policies": (("grant blind to ROLE",), "blind", "bypasses row-level security"),
    "of one that creates roles": (("grant maker to ROLE",), "maker", "may create roles"),
    "of one that replicates": (("grant copier to ROLE",), "copier", "may replicate the database"),
    "of the owner": (("grant OWNER to ROLE",), "OWNER", "owns the tables"),
    "of an owner of one table": (
        ("alter table orders owner to plain", "grant plain to ROLE"),
        "plain",
        "owns the tables",
    ),
    "of the schema's owner": (
        ("alter schema public owner to plain", "grant plain to ROLE"),
        "plain",
        "owns the schema",
    ),
}


@pytest.mark.parametrize(("statements", "group", "what"), MEMBER.values(), ids=MEMBER)
async def test_a_member(server: Server, statements: tuple[str, ...], group: str, what: str) -> None:
    group = group.replace("OWNER", server.owner)
    try:
        with server.login(*(text.replace("OWNER", server.owner) for text in statements)) as (name, url):
            said = f"DATABASE_URL: the role {name} is a member of {group}, which {what}; {END}"
            assert await judge(url) == said
    finally:
        server.run("revoke boss from plain", f"alter table orders owner to {server.owner}")


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("alter schema public owner to ROLE", "owns the schema"),
        ("alter database DATABASE owner to ROLE", "owns the database"),
        ("alter table audit_seals owner to ROLE", "owns the tables"),
    ],
)
async def test_an_owner(server: Server, statement: str, what: str) -> None:
    database = server.url.rpartition("/")[2]
    with server.login(statement.replace("DATABASE", database)) as (name, url):
        assert await judge(url) == f"DATABASE_URL: the role {name} {what}; {END}"


async def test_every_predefined_role_but_those_that_only_watch(server: Server) -> None:
    found = server.run("select rolname from pg_roles where starts_with(rolname, 'pg_') order by 1")
    names = {str(name) for (name,) in found} - {"pg_database_owner"}
    assert {"pg_read_all_data", "pg_write_all_data", "pg_execute_server_program"} <= names
    assert set(HARMLESS) < names
    for group in sorted(names):
        with server.login(f"grant {group} to plain", "grant plain to ROLE") as (name, url):
            said = await judge(url)
            server.run(f"revoke {group} from plain")
        if group in HARMLESS:
            assert said is None, group
        else:
            what = "reaches beyond the application's tables"
            assert said == f"DATABASE_URL: the role {name} is a member of {group}, which {what}; {END}"


async def test_a_superuser_that_sets_another_role_at_its_login(server: Server) -> None:
    with server.login("alter role ROLE superuser", f"alter role ROLE set role = {server.app}") as (name, url):
        assert await judge(url) == f"DATABASE_URL: the role {name} is a superuser; {END}"


RIGHTS = {
    "truncate": ("grant truncate on audit_entries to ROLE", "TRUNCATE on audit_entries"),
    "delete": ("grant delete on audit_seals to ROLE", "DELETE on audit_seals"),
    "update of one column": ("grant update (actor_name) on audit_entries to ROLE", "UPDATE on audit_entries"),
    "trigger, by another": ("grant trigger on jobs to plain", "TRIGGER on jobs"),
    "of everybody": ("grant update on audit_changes to public", "UPDATE on audit_changes"),
}


@pytest.mark.parametrize(("grant", "right"), RIGHTS.values(), ids=RIGHTS)
async def test_rights_that_no_migration_grants(server: Server, grant: str, right: str) -> None:
    try:
        with server.login(grant, "grant plain to ROLE") as (name, url):
            assert await judge(url) == (
                f"DATABASE_URL: the role {name} has {right}; use one that has only what `counterfoil migrate` grants"
            )
    finally:
        server.run("revoke all on jobs from plain", "revoke all on audit_changes from public")


async def test_a_member_of_plain_roles_passes(server: Server) -> None:
    with server.login("grant plain to ROLE", "grant pg_monitor to ROLE") as (_, url):
        assert await judge(url) is None


async def test_before_the_first_migration_it_passes(server: Server) -> None:
    server.run("create database empty")
    with server.login("grant connect on database empty to ROLE") as (_, url):
        assert await judge(with_database(url, "empty")) is None
    assert len(TABLES) > 10


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_both_processes_say_one_line(
    server: Server, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.login("grant boss to plain", "grant plain to ROLE") as (name, url):
        for variable, value in (NEEDED | {"DATABASE_URL": url}).items():
            monkeypatch.setenv(variable, value)
        code = main((command,))
        server.run("revoke boss from plain")
    said = f"counterfoil: DATABASE_URL: the role {name} is a member of boss, which is a superuser; {END}\n"
    assert (code, *capsys.readouterr()) == (1, "", said)
