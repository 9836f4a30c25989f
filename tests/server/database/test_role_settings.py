"""What a role may give itself, or was given beside our tables, and what of it is refused at the start."""

import psycopg
import pytest

from tests.support.roles import Server, judge, server

__all__ = ["server"]

pytestmark = pytest.mark.usefixtures("logging_restored")
PLACES = {
    "a schema": ("grant create on schema public to ROLE", "the schema public"),
    "a schema, by everybody": ("grant create on schema public to public", "the schema public"),
    "the database": ("grant create on database DATABASE to ROLE", "the database"),
}


@pytest.mark.parametrize(("grant", "place"), PLACES.values(), ids=PLACES)
async def test_a_place_for_objects_of_its_own(server: Server, grant: str, place: str) -> None:
    try:
        with server.login(grant.replace("DATABASE", server.url.rpartition("/")[2])) as (name, url):
            has = f"has CREATE on {place}; use one that has only what `counterfoil migrate` grants"
            assert await judge(url) == f"DATABASE_URL: the role {name} {has}"
    finally:
        server.run("revoke create on schema public from public")


OWN = {
    "search_path": "other",
    "row_security": "off",
    "synchronous_commit": "off",
}


@pytest.mark.parametrize("where", ["", "in database DATABASE"])
@pytest.mark.parametrize(("name", "value"), OWN.items(), ids=OWN)
async def test_settings_that_a_role_gives_itself(server: Server, name: str, value: str, where: str) -> None:
    where = where.replace("DATABASE", server.url.rpartition("/")[2])
    with server.login() as (role, url):
        assert await judge(url) is None
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"alter role {role} {where} set {name} = {value}".encode())
        has = f"has a setting of its own, {name}; alter role {role} reset {name}, or set it for the database"
        assert await judge(url) == f"DATABASE_URL: the role {role} {has}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"alter role {role} {where} reset {name}".encode())
        assert await judge(url) is None


async def test_settings_that_only_stop_or_slow_it_pass(server: Server) -> None:
    with server.login() as (role, url):
        with psycopg.connect(url, autocommit=True) as connection:
            for setting in ("statement_timeout = '1min'", "work_mem = '8MB'", "synchronous_commit = on"):
                connection.execute(f"alter role {role} set {setting}".encode())
        assert await judge(url) is None


async def test_what_a_role_cannot_give_itself(server: Server) -> None:
    with server.login() as (role, url), psycopg.connect(url, autocommit=True) as connection:
        for change in (
            "set session_replication_role = replica",
            "set session_preload_libraries = 'x'",
            "set app.org_id = '00000000-0000-0000-0000-000000000001'",
            "bypassrls",
            "superuser",
            "createrole",
            "replication",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"alter role {role} {change}".encode())
        for setting in ("search_path = other", f"role = {server.owner}"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"alter role {server.app} set {setting}".encode())
