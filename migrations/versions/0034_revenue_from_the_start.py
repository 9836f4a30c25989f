"""Revenue of a subscription counts from its first period: it counted from its creation, also of one that starts later."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

# The last change before the first period becomes the first one; of a subscription that never began there is none.
BEGIN = """
WITH begun AS (
    SELECT org_id, subscription_id, min(starts_at) AS at FROM subscription_periods GROUP BY org_id, subscription_id
), early AS (
    SELECT c.org_id, c.id, b.at, c.mrr_after,
        row_number() OVER (PARTITION BY c.org_id, c.subscription_id ORDER BY c.at DESC, c.id DESC) AS back
    FROM subscription_changes c LEFT JOIN begun b USING (org_id, subscription_id)
    WHERE b.at IS NULL OR c.at < b.at
), gone AS (
    DELETE FROM subscription_changes c USING early e
    WHERE c.org_id = e.org_id AND c.id = e.id AND (e.at IS NULL OR e.back > 1 OR e.mrr_after = 0)
)
UPDATE subscription_changes c SET at = e.at, mrr_before = 0 FROM early e
WHERE c.org_id = e.org_id AND c.id = e.id AND e.at IS NOT NULL AND e.back = 1 AND e.mrr_after > 0
"""
TABLES = ("subscription_periods", "subscription_changes")


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for table in TABLES:
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    run(BEGIN)
    for table in TABLES:
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    # The version before reads such changes too.
    pass
