"""What the application's database role may try with the audit log, as SQL. ``$1`` is the organization."""

SECOND = "(select entry_id from audit_seals where sequence = 2)"
THIRD = "(select entry_id from audit_seals where sequence = 3)"
YOUNG = (
    "(select id from audit_entries e where not exists (select from audit_seals s where s.entry_id = e.id)"
    " order by id limit 1)"
)
SIGNS = "seal {} does not fit its entry and the seal before it"
GONE = "the changes of entry {} are gone, and no sealed entry records their erasure"
FORGED = "was not written with a seal key"
COPY = "action, actor_kind, actor_id, actor_name, target_id, digest, request_id, source"


def _entry(id_: str, action: str = "action", target: str = "target_id", mac: str = "mac", at: str = "now()") -> str:
    """An entry as a copy of the second one, but for some columns."""
    columns = f"{id_}, {action}, actor_kind, actor_id, actor_name, {target}, digest, request_id, source, {at}, {mac}"
    return f"insert into audit_entries select $1, {columns} from audit_entries where id = {SECOND}"


def moved(salt: str, changes: str, entry: str = SECOND) -> str:
    """An entry's changes written anew from what they were: ``old`` has them, ``other`` those of the third entry."""
    return (
        f"with old as (delete from audit_changes where org_id = $1 and entry_id = {entry} returning *),"
        f" other as (select * from audit_changes where entry_id = {THIRD})"
        f" select {salt} as salt, {changes} as changes, old.entry_id from old, other"
    )


# What the database refuses, and with what error.
REFUSED = {
    "an entry of a time that Python cannot hold": (_entry("gen_random_uuid()", at="'4000-01-01 BC'"), "CheckViolation"),
    "an entry updated": ("update audit_entries set actor_name = 'x'", "InsufficientPrivilege"),
    "an entry deleted": (f"delete from audit_entries where id = {SECOND}", "InsufficientPrivilege"),
    "an unsealed entry dropped": (f"delete from audit_entries where id = {YOUNG}", "InsufficientPrivilege"),
    "an unsealed entry moved": ("update audit_entries set org_id = gen_random_uuid()", "InsufficientPrivilege"),
    "all entries emptied": ("truncate audit_entries cascade", "InsufficientPrivilege"),
    "a seal updated": ("update audit_seals set seal = sha256('x')", "InsufficientPrivilege"),
    "a seal deleted": ("delete from audit_seals where sequence = 3", "InsufficientPrivilege"),
    "all seals emptied": ("truncate audit_seals", "InsufficientPrivilege"),
    "changes updated": ("update audit_changes set changes = '{}'", "InsufficientPrivilege"),
    "all changes emptied": ("truncate audit_changes", "InsufficientPrivilege"),
    "locked rows": ("select from audit_entries for update", "InsufficientPrivilege"),
    "a check dropped": ("alter table audit_changes drop constraint audit_changes_salt_check", "InsufficientPrivilege"),
    "policies taken away": ("alter table audit_entries no force row level security", "InsufficientPrivilege"),
    "a trigger": (
        "create trigger t before update on audit_seals for each row"
        " execute function suppress_redundant_updates_trigger()",
        "InsufficientPrivilege",
    ),
    "a rule": ("create rule r as on insert to audit_seals do instead nothing", "InsufficientPrivilege"),
    "foreign keys not checked": ("set session_replication_role = replica", "InsufficientPrivilege"),
    "a number twice": (f"insert into audit_seals values ($1, 2, {YOUNG}, sha256('x'), 2)", "UniqueViolation"),
    "an entry sealed twice": (f"insert into audit_seals values ($1, 4, {SECOND}, sha256('x'), 2)", "UniqueViolation"),
    "a seal below the first": (f"insert into audit_seals values ($1, 0, {YOUNG}, sha256('x'), 2)", "CheckViolation"),
    "a seal far below": (f"insert into audit_seals values ($1, -9, {YOUNG}, sha256('x'), 2)", "CheckViolation"),
    "a seal of another length": (f"insert into audit_seals values ($1, 4, {YOUNG}, 'x', 2)", "CheckViolation"),
    "a seal of no entry": (
        "insert into audit_seals values ($1, 4, gen_random_uuid(), sha256('x'), 2)",
        "ForeignKeyViolation",
    ),
    "an entry written twice": (_entry("id"), "UniqueViolation"),
    "an entry without a MAC": (_entry("gen_random_uuid()", mac="null"), "NotNullViolation"),
    "an entry as if from before there were MACs": (_entry("gen_random_uuid()", mac="''"), "CheckViolation"),
    "an entry with a short MAC": (_entry("gen_random_uuid()", mac="substr(mac, 1, 33)"), "CheckViolation"),
    "changes of no entry": (
        "insert into audit_changes values ($1, gen_random_uuid(), substr(sha256('x'), 1, 16), '{}')",
        "ForeignKeyViolation",
    ),
    "changes beside those that are": (
        f"insert into audit_changes values ($1, {SECOND}, substr(sha256('x'), 1, 16), '{{}}')",
        "UniqueViolation",
    ),
    "an entry into an organization that is not bound": (
        f"insert into audit_entries select gen_random_uuid(), gen_random_uuid(), {COPY}, now(), mac from audit_entries",
        "InsufficientPrivilege",
    ),
}

# The salt and the changes that take the place of the second entry's: its text moved across the border, and others.
BORDERS = {
    "the border moved right": ("old.salt || convert_to(left(old.changes, 5), 'UTF8')", "substr(old.changes, 6)"),
    "the border moved left": (
        "substr(old.salt, 1, 12)",
        "encode(substr(old.salt, 13), 'escape') || old.changes",
    ),
    "all is salt": ("old.salt || convert_to(old.changes, 'UTF8')", "''"),
    "no salt": ("''::bytea", "old.changes"),
}

REPLACED = {
    "other changes": ("old.salt", "replace(old.changes, 'Zoe', 'Bob')"),
    "no changes": ("old.salt", "'{}'"),
    "another spelling": ("old.salt", "replace(old.changes, ',', ', ')"),
    "another's salt": ("other.salt", "old.changes"),
    "another's salt and changes": ("other.salt", "other.changes"),
    "a new salt": ("substr(sha256('x'), 1, 16)", "old.changes"),
}

# What it lets through, and what `verify` says then.
SEEN = {
    "all changes deleted": ("delete from audit_changes where org_id = $1", GONE.format(1)),
    "an entry's changes deleted": (
        f"delete from audit_changes where org_id = $1 and entry_id = {SECOND}",
        GONE.format(2),
    ),
    "the last entry's changes deleted": (
        f"delete from audit_changes where org_id = $1 and entry_id = {THIRD}",
        GONE.format(3),
    ),
    "an unsealed entry's changes deleted": (
        f"delete from audit_changes where org_id = $1 and entry_id = {YOUNG}",
        "the changes of the unsealed entry audit_",
    ),
    "a forged entry": (_entry("gen_random_uuid()"), FORGED),
    "a backdated entry": (_entry("'01000000-0000-7000-8000-000000000000'", at="now() - interval '3 years'"), FORGED),
    "an entry before all others": (_entry("'00000000-0000-0000-0000-000000000000'"), FORGED),
    "an entry after all others": (_entry("'ffffffff-ffff-ffff-ffff-ffffffffffff'"), FORGED),
    "an entry of the future": (_entry("'02000000-0000-7000-8000-000000000000'"), FORGED),
    "another's MAC with a key's version that there is not": (
        _entry("gen_random_uuid()", mac="'\\x7fff'::bytea || substr(mac, 3)"),
        FORGED,
    ),
    "a forged erasure": (
        f"with gone as (delete from audit_changes where org_id = $1 and entry_id = {SECOND}) "
        + _entry("gen_random_uuid()", action="'audit:erase'", target="id"),
        GONE.format(2),
    ),
    "a forged seal": (f"insert into audit_seals values ($1, 4, {YOUNG}, sha256('x'), 2)", SIGNS.format(4)),
    "a seal copied": (
        f"insert into audit_seals select $1, 4, {YOUNG}, seal, key_version from audit_seals where sequence = 3",
        SIGNS.format(4),
    ),
    "a seal after a gap": (f"insert into audit_seals values ($1, 5, {YOUNG}, sha256('x'), 2)", "seal 4 is missing"),
    "the highest number": (
        f"insert into audit_seals values ($1, 9223372036854775807, {YOUNG}, sha256('x'), 2)",
        "seal 4 is missing",
    ),
    "a seal by a key that there is not": (
        f"insert into audit_seals values ($1, 4, {YOUNG}, sha256('x'), 9)",
        "seal 4 needs the seal key of version 9",
    ),
}
