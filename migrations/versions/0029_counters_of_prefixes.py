"""Invoice numbers are unique without case, so prefixes that differ in case alone share one counter."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

JOIN = (
    "INSERT INTO counters (org_id, name, next) SELECT org_id, lower(name), max(next) FROM counters"
    " WHERE name LIKE 'invoices:%%' GROUP BY org_id, lower(name)"
    " ON CONFLICT (org_id, name) DO UPDATE SET next = excluded.next"
)
REMOVE = "DELETE FROM counters WHERE name LIKE 'invoices:%%' AND name <> lower(name)"
# Each prefix as it stands in the numbers of invoices.
PART = (
    "INSERT INTO counters (org_id, name, next) SELECT DISTINCT i.org_id, s.name, c.next FROM invoices i"
    " CROSS JOIN LATERAL regexp_match(i.number, '^(.*)([0-9]{4})-[0-9]+$') AS m(part)"
    " CROSS JOIN LATERAL (SELECT 'invoices:' || part[2] || ':' || part[1] AS name) AS s"
    " JOIN counters c ON c.org_id = i.org_id AND c.name = lower(s.name) ON CONFLICT DO NOTHING"
)


def _run(*statements: str) -> None:
    run = op.get_bind().exec_driver_sql
    for table in ("counters", "invoices"):
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for each in statements:
        run(each)
    for table in ("counters", "invoices"):
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def upgrade() -> None:
    _run(JOIN, REMOVE)


def downgrade() -> None:
    _run(PART)
