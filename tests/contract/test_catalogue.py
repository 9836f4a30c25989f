"""The database as PostgreSQL itself describes it: both roads to it are equal, and every table is fenced."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from migrations.runner import downgrade, engine_for, upgrade
from models.base import TENANT, metadata
from models.catalogue import TABLES, protect
from models.typeid import new_uuid
from server.database.databases import role_of
from tests.support.servers import Backends

READ_BY_ALL = {"directory", "jobs"}
NAMES = sorted(table.name for table in TABLES)
TENANTS = [name for name in NAMES if name not in READ_BY_ALL]

CATALOGUE = {
    "columns": """
        select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, l.collname, a.attidentity,
               pg_get_expr(d.adbin, d.adrelid) as default
        from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_collation l on l.oid = a.attcollation
        left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped""",
    "constraints": """
        select conrelid::regclass::text, conname, contype::text, pg_get_constraintdef(oid), convalidated
        from pg_constraint where connamespace = 'public'::regnamespace""",
    "indexes": """
        select c.relname, i.indisunique, i.indisvalid, pg_get_indexdef(i.indexrelid) from pg_index i
        join pg_class c on c.oid = i.indexrelid where c.relnamespace = 'public'::regnamespace""",
    "policies": """
        select tablename, policyname, permissive, roles::text, cmd, qual, with_check from pg_policies
        where schemaname = 'public'""",
    "security": """
        select relname, relrowsecurity, relforcerowsecurity from pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'r'""",
    "grants": """
        select table_name, grantee, privilege_type, is_grantable from information_schema.role_table_grants
        where table_schema = 'public'""",
    "sequences": "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'S'",
    "functions": "select proname from pg_proc where pronamespace = 'public'::regnamespace",
}


def catalogue_of(backends: Backends, *, but: str = "alembic_version") -> dict[str, list[tuple[Any, ...]]]:
    """Everything of the catalogue apart from the migrations' own table, sorted."""
    engine = engine_for(backends.migration_database_url)
    with engine.connect() as connection:
        return {
            name: sorted(
                (tuple(row) for row in connection.execute(sa.text(sql)) if but not in str(tuple(row))), key=repr
            )
            for name, sql in CATALOGUE.items()
        }


@pytest.fixture
def owner(own_backends: Backends) -> Iterator[sa.Connection]:
    """The owner's connection to a migrated database of the test's own."""
    with engine_for(own_backends.migration_database_url).connect() as connection:
        yield connection


@pytest.fixture
def application(own_backends: Backends) -> Iterator[sa.Connection]:
    """The application's connection to the same database."""
    with engine_for(own_backends.database_url).connect() as connection:
        yield connection


def test_migrations_and_models_make_the_same_database(servers: Backends, own_backends: Backends) -> None:
    with servers.empty_database() as made:
        with engine_for(made.migration_database_url).begin() as connection:
            metadata.create_all(connection)
            for table in TABLES:
                for statement in protect(table, role_of(made.database_url)):
                    connection.exec_driver_sql(statement)
        expected, found = catalogue_of(made), catalogue_of(own_backends)
    assert sorted({row[0] for row in found["columns"]}) == NAMES
    for part in CATALOGUE:
        assert found[part] == expected[part], part
    assert (found["sequences"], found["functions"]) == ([], [])


def test_migrations_run_up_down_and_up_again(servers: Backends) -> None:
    with servers.empty_database() as made:
        role = role_of(made.database_url)
        upgrade(made.migration_database_url, role)
        first = catalogue_of(made)
        upgrade(made.migration_database_url, role)
        assert catalogue_of(made) == first
        downgrade(made.migration_database_url, role, "base")
        assert all(rows == [] for rows in catalogue_of(made).values())
        upgrade(made.migration_database_url, role)
        assert catalogue_of(made) == first


@pytest.mark.parametrize("role", ["Robert", "a; drop table orders", "", "a" * 64])
def test_a_role_that_is_no_plain_name_is_refused(servers: Backends, role: str) -> None:
    with pytest.raises(ValueError, match="plain lower-case name"):
        upgrade(servers.migration_database_url, role)


def test_every_table_forces_policies_of_its_own_organization(own_backends: Backends) -> None:
    found = catalogue_of(own_backends)
    assert found["security"] == [(name, True, True) for name in NAMES]
    grants: dict[str, set[str]] = {name: set() for name in NAMES}
    for table, grantee, privilege, grantable in found["grants"]:
        if grantee == role_of(own_backends.database_url):
            grants[table].add(privilege)
            assert grantable == "NO"
    tenant = f"({TENANT})".replace("nullif", "NULLIF")
    for name in NAMES:
        mine = {row[4]: row[2:] for row in found["policies"] if row[0] == name}
        assert set(mine) == grants[name], name
        for verb, (permissive, roles, _, using, check) in mine.items():
            read = "true" if name in READ_BY_ALL else tenant
            wanted = {"SELECT": (read, None), "INSERT": (None, tenant)}.get(verb, (tenant, None))
            assert (permissive, roles, using, check) == ("PERMISSIVE", "{public}", *wanted), (name, verb)
    assert all({"SELECT", "INSERT"} <= privileges for privileges in grants.values())
    assert grants["audit_entries"] == grants["audit_seals"] == grants["messages"] == {"SELECT", "INSERT"}
    assert {grantee for _, grantee, _, _ in found["grants"]} == {
        role_of(own_backends.database_url),
        role_of(own_backends.migration_database_url),
    }


def test_every_key_starts_with_the_organization(owner: sa.Connection) -> None:
    sql = """select c.conrelid::regclass::text as name, c.contype::text as constraint_type,
        (select attname from pg_attribute where attrelid = c.conrelid and attnum = c.conkey[1]) as first,
        (select attname from pg_attribute where attrelid = c.confrelid and attnum = c.confkey[1]) as there
        from pg_constraint c where c.contype in ('p', 'u', 'f') and c.connamespace = 'public'::regnamespace"""
    found = [tuple(row) for row in owner.execute(sa.text(sql)) if row.name != "alembic_version"]
    assert [row for row in found if row[2] != "org_id"] == [("directory", "p", "resource", None)]
    assert {row[3] for row in found if row[1] == "f"} == {"org_id"}
    assert {row[0] for row in found if row[1] == "p"} == set(NAMES)
    unique = """select i.indexrelid::regclass::text, a.attname from pg_index i
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        join pg_class c on c.oid = i.indexrelid
        where i.indisunique and c.relnamespace = 'public'::regnamespace and a.attname <> 'org_id'"""
    outside = {row[0] for row in owner.execute(sa.text(unique))}
    assert outside == {"directory_pkey", "alembic_version_pkc"}


def test_the_application_owns_nothing_and_bypasses_nothing(application: sa.Connection) -> None:
    role = application.execute(
        sa.text(
            "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,"
            " (select count(*) from pg_class where pg_has_role(current_user, relowner, 'MEMBER')),"
            " (select count(*) from pg_auth_members m where m.member = pg_roles.oid),"
            " has_schema_privilege(current_user, 'public', 'CREATE')"
            " from pg_roles where rolname = current_user"
        )
    ).one()
    assert tuple(role) == (False, False, False, False, False, 0, 0, False)


def _filled(table: sa.Table, org_id: UUID) -> dict[str, Any]:
    """A row of any table by its column types alone, checks aside."""
    row: dict[str, Any] = {}
    for column in table.columns:
        type_ = column.type
        if column.server_default is not None:
            continue
        if column.name == "org_id":
            row[column.name] = org_id
        elif isinstance(type_, sa.Uuid):
            row[column.name] = new_uuid()
        elif isinstance(type_, sa.Integer | sa.Numeric):
            row[column.name] = 1
        elif isinstance(type_, sa.LargeBinary):
            row[column.name] = b"x"
        elif isinstance(type_, sa.Date):
            row[column.name] = sa.func.current_date()
        elif isinstance(type_, sa.DateTime):
            row[column.name] = sa.func.now()
        elif isinstance(type_, sa.ARRAY):
            row[column.name] = []
        elif isinstance(type_, sa.JSON):
            row[column.name] = {}
        elif isinstance(type_, sa.Boolean):
            row[column.name] = False
        else:
            row[column.name] = "x"
    return row


@pytest.fixture(scope="module")
def unchecked(servers: Backends, template: str) -> Iterator[Backends]:
    """A migrated database in which tests drop the constraints of their table, one test for each."""
    with servers.empty_database(template=template) as made:
        yield made


@pytest.mark.parametrize("table", TABLES, ids=[table.name for table in TABLES])
def test_rows_are_fenced(unchecked: Backends, table: sa.Table) -> None:
    mine, theirs = new_uuid(), new_uuid()
    with engine_for(unchecked.migration_database_url).begin() as owner:
        for name in owner.execute(sa.text(_CHECKS), {"name": table.name}).scalars().all():
            owner.exec_driver_sql(f"alter table {table.name} drop constraint {name}")
        owner.exec_driver_sql(f"alter table {table.name} no force row level security")
        owner.execute(table.insert().values(_filled(table, theirs)))
        owner.exec_driver_sql(f"alter table {table.name} force row level security")
    count = sa.select(sa.func.count()).select_from(table)
    visible = 1 if table.name in READ_BY_ALL else 0
    grants = table.info["grants"]
    with engine_for(unchecked.database_url).connect() as application:
        assert application.execute(count).scalar_one() == visible
        for org in ("", str(mine)):
            application.execute(sa.select(sa.func.set_config("app.org_id", org, True)))
            assert application.execute(count).scalar_one() == visible
            with pytest.raises(sa.exc.ProgrammingError, match="row-level security"), application.begin_nested():
                application.execute(table.insert().values(_filled(table, theirs)))
            for verb, change in (("UPDATE", table.update().values(org_id=theirs)), ("DELETE", table.delete())):
                if verb in grants:
                    assert application.execute(change).rowcount == 0
                else:
                    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), application.begin_nested():
                        application.execute(change)
        application.execute(sa.select(sa.func.set_config("app.org_id", str(theirs), True)))
        assert application.execute(count).scalar_one() == 1
        if "UPDATE" in grants:
            with pytest.raises(sa.exc.ProgrammingError, match="row-level security"), application.begin_nested():
                application.execute(table.update().values(org_id=mine))


_CHECKS = "select conname from pg_constraint where conrelid = to_regclass(:name) and contype in ('c', 'f')"
