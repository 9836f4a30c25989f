"""The role that a process logs in as: it owns nothing and bypasses nothing, by itself or as a member of another."""

from models.catalogue import TABLES
from resolvers.database.runtime import Connection
from server.database.migrated import is_migrated
from server.errors import CommandError

NAMES = [table.name for table in TABLES]
# What no table's grants give to the application beyond what the table says.
BEYOND = [
    (table.name, verb)
    for table in TABLES
    for verb in ("UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    if verb not in table.info["grants"]
]
# Predefined roles that only read what the server says of itself; every other one reads, writes, runs or ends something.
HARMLESS = ["pg_monitor", "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables"]

# Of both roles, as `reset role` returns to the first. Any membership counts, also one that is not inherited: `set role`
# uses it, and who administers it can grant the rest. A superuser is a member of every role, so its own row is first.
_TOO_MUCH = """
select member, name, what from (
    select who.name as member, r.rolname as name, case
        when r.rolsuper then 'is a superuser'
        when r.rolbypassrls then 'bypasses row-level security'
        when exists (select from pg_class c where c.relnamespace = 'public'::regnamespace
                     and c.relname = any($1) and c.relowner = r.oid) then 'owns the tables'
        when exists (select from pg_namespace n where n.nspname = 'public' and n.nspowner = r.oid)
            then 'owns the schema'
        when exists (select from pg_database d where d.datname = current_database() and d.datdba = r.oid)
            then 'owns the database'
        when r.rolcreaterole then 'may create roles'
        when r.rolreplication then 'may replicate the database'
        when starts_with(r.rolname, 'pg_') and r.rolname <> all($2)
            then 'reaches beyond the application''s tables'
        end as what
    from pg_roles r join (values (session_user), (current_user)) as who (name) on pg_has_role(who.name, r.oid, 'MEMBER')
) found
where what is not null
order by name <> member, starts_with(name, 'pg_'), name
limit 1"""

# What is created in a schema can take the place of what our statements name.
_BEYOND = """
select current_user as member, name, verb from (
    select t.name, t.verb
    from unnest($1::text[], $2::text[]) as t (name, verb), to_regclass('public.' || t.name) as known (id)
    where has_table_privilege(known.id, t.verb)
        or (t.verb in ('UPDATE', 'REFERENCES') and has_any_column_privilege(known.id, t.verb))
    union all select 'the schema ' || nspname, 'CREATE' from pg_namespace where has_schema_privilege(oid, 'CREATE')
    union all select 'the database', 'CREATE' where has_database_privilege(current_database(), 'CREATE')
) found
order by name, verb
limit 1"""

# Any role may give itself settings, which count from its next login on: these decide which tables our statements reach,
# and whether a commit is kept.
OWN_SETTINGS = ["row_security", "search_path"]
_OWN_SETTINGS = """
select session_user as member, name
from pg_db_role_setting s
    join pg_roles r on r.oid = s.setrole and r.rolname = session_user
    left join pg_database d on d.oid = s.setdatabase,
    unnest(s.setconfig) as setting, split_part(setting, '=', 1) as name
where (s.setdatabase = 0 or d.datname = current_database())
    and (name = any($1) or (name = 'synchronous_commit' and current_setting('synchronous_commit') = 'off'))
order by name
limit 1"""


async def require_plain_role(connection: Connection) -> None:
    """Refuse a role that is, or is a member of, a superuser, one that bypasses policies, an owner of our tables, their
    schema or database, one that makes roles or replicates, or a predefined role that reaches further; one with rights
    that the migrations do not grant; and one with settings of its own that change what our statements do. Raises
    CommandError.
    """
    role = await connection.fetchrow(_TOO_MUCH, NAMES, HARMLESS)
    if role is not None:
        via = "" if role["name"] == role["member"] else f"is a member of {role['name']}, which "
        raise CommandError(f"DATABASE_URL: the role {role['member']} {via}{role['what']}; use one that owns nothing")
    # Older migrations granted more, which the newest ones take back.
    if await is_migrated(connection):
        right = await connection.fetchrow(_BEYOND, [name for name, _ in BEYOND], [verb for _, verb in BEYOND])
        if right is not None:
            raise CommandError(
                f"DATABASE_URL: the role {right['member']} has {right['verb']} on {right['name']}; "
                "use one that has only what `counterfoil migrate` grants"
            )
    own = await connection.fetchrow(_OWN_SETTINGS, OWN_SETTINGS)
    if own is not None:
        raise CommandError(
            f"DATABASE_URL: the role {own['member']} has a setting of its own, {own['name']}; "
            f"alter role {own['member']} reset {own['name']}, or set it for the database"
        )
