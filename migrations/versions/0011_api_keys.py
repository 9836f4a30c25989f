"""API keys have a second secret while they are rotated, and know with webhook endpoints which key made them."""

from alembic import op

from models.typeid import decode

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ENDS = (
    "case when revoked_at is not null then '1970-01-01 00:00:00Z'::timestamptz"
    " when expires_at is null then '9999-12-31 23:59:59.999Z'::timestamptz else expires_at end"
)
PREVIOUS = {
    "previous_digest": "BYTEA",
    "previous_pepper_version": "INTEGER",
    "previous_until": "TIMESTAMP(3) WITH TIME ZONE",
}
MAKER = "FOREIGN KEY (org_id, created_by_key) REFERENCES api_keys (org_id, id)"


# The owner is held to the policies too: it checks keys and fills a column only where they are not forced.
READ = ("api_keys", "audit_entries", "webhook_endpoints")
MADE = """
SELECT audit_entries.org_id, audit_entries.target_id, audit_entries.actor_id FROM audit_entries JOIN webhook_endpoints
ON webhook_endpoints.org_id = audit_entries.org_id AND webhook_endpoints.id = audit_entries.target_id
WHERE audit_entries.action = 'webhook:create' AND audit_entries.actor_kind = 'KEY'
"""
LINK = "UPDATE webhook_endpoints SET created_by_key = api_keys.id FROM api_keys WHERE api_keys.org_id = %(org_id)s"
LINK += " AND api_keys.id = %(key)s AND webhook_endpoints.org_id = %(org_id)s AND webhook_endpoints.id = %(id)s"


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for table in READ:
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for name, kind in PREVIOUS.items():
        run(f"ALTER TABLE api_keys ADD COLUMN {name} {kind}")
    run(
        f"ALTER TABLE api_keys ADD CONSTRAINT api_keys_previous_check CHECK (num_nulls({', '.join(PREVIOUS)}) in (0, 3))"
    )
    run("CREATE INDEX api_keys_updated_idx ON api_keys (org_id, updated_at, id)")
    run(f"CREATE INDEX api_keys_ends_idx ON api_keys (org_id, ({ENDS}), id)")
    run("ALTER TABLE webhook_endpoints ADD COLUMN created_by_key UUID")
    run("CREATE INDEX webhook_endpoints_org_id_created_by_key_idx ON webhook_endpoints (org_id, created_by_key)")
    for org_id, endpoint, actor in run(MADE).all():
        run(LINK, {"org_id": org_id, "id": endpoint, "key": decode("apikey", actor)})
    run("ALTER TABLE api_keys DROP CONSTRAINT api_keys_org_id_created_by_key_fkey")
    for table in ("api_keys", "webhook_endpoints"):
        name = f"{table}_org_id_created_by_key_fkey"
        run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {MAKER} ON DELETE SET NULL (created_by_key)")
    for table in READ:
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run("ALTER TABLE webhook_endpoints DROP COLUMN created_by_key")
    run("ALTER TABLE api_keys NO FORCE ROW LEVEL SECURITY")
    run("ALTER TABLE api_keys DROP CONSTRAINT api_keys_org_id_created_by_key_fkey")
    run(f"ALTER TABLE api_keys ADD CONSTRAINT api_keys_org_id_created_by_key_fkey {MAKER}")
    run("DROP INDEX api_keys_ends_idx")
    run("DROP INDEX api_keys_updated_idx")
    for name in PREVIOUS:
        run(f"ALTER TABLE api_keys DROP COLUMN {name}")
    run("ALTER TABLE api_keys FORCE ROW LEVEL SECURITY")
