"""Orders know when they were cancelled and how long they were on hold; events know their client, who sees them, and
their transaction."""

from alembic import op

from models.typeid import decode

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# The owner is held to the policies too, and would find and fill nothing while they are forced.
READ = ("orders", "messages", "events", "audit_entries", "audit_changes")
ENTRIES = """
SELECT audit_entries.org_id, audit_entries.target_id AS id, audit_entries.occurred_at, changes::jsonb AS changes
FROM audit_entries JOIN audit_changes ON audit_changes.org_id = audit_entries.org_id
    AND audit_changes.entry_id = audit_entries.id
WHERE audit_entries.action = 'order:transition'
"""
# What the log does not know any more, because it was erased: the time of the last change, and no time on hold.
CANCELLED = f"""
UPDATE orders SET cancelled_at = coalesce(
    (SELECT max(occurred_at) FROM ({ENTRIES}) AS moved WHERE moved.org_id = orders.org_id AND moved.id = orders.id
        AND moved.changes -> 'status' ->> 1 = 'CANCELLED'),
    updated_at)
WHERE status = 'CANCELLED'
"""
HELD = f"""
UPDATE orders SET held_seconds = held.seconds FROM (
    SELECT org_id, id, sum(floor(extract(epoch FROM occurred_at - (changes -> 'heldAt' ->> 0)::timestamptz))) AS seconds
    FROM ({ENTRIES}) AS moved WHERE changes -> 'status' ->> 0 = 'ON_HOLD' AND changes -> 'heldAt' ->> 0 IS NOT NULL
    GROUP BY org_id, id
) AS held WHERE held.org_id = orders.org_id AND held.id = orders.id
"""
EVENTS = (
    "UPDATE events SET client_id = resource_id WHERE starts_with(type, 'client.')",
    "UPDATE events SET client_id = orders.client_id FROM orders"
    " WHERE starts_with(type, 'order.') AND orders.org_id = events.org_id AND orders.id = resource_id",
    "UPDATE events SET client_id = orders.client_id, visibility = messages.visibility FROM messages JOIN orders"
    " ON orders.org_id = messages.org_id AND orders.id = messages.order_id"
    " WHERE starts_with(type, 'message.') AND messages.org_id = events.org_id AND messages.id = resource_id",
)
# Of orders that were deleted since.
GONE = (
    "SELECT org_id, id, data::jsonb ->> 'clientId' FROM events WHERE starts_with(type, 'order.') AND client_id IS NULL"
)
LINK = "UPDATE events SET client_id = %(client)s WHERE org_id = %(org_id)s AND id = %(id)s"


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for table in READ:
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    run("ALTER TABLE orders ADD COLUMN cancelled_at TIMESTAMP(3) WITH TIME ZONE")
    run("ALTER TABLE orders ADD COLUMN held_seconds BIGINT NOT NULL DEFAULT 0")
    run("ALTER TABLE orders ALTER COLUMN held_seconds DROP DEFAULT")
    run(CANCELLED)
    run(HELD)
    run("ALTER TABLE events ADD COLUMN client_id UUID")
    run("ALTER TABLE events ADD COLUMN visibility TEXT")
    # Those that are there get the number of this transaction: what is written after it comes later.
    run("ALTER TABLE events ADD COLUMN xact XID8 NOT NULL DEFAULT pg_current_xact_id()")
    for update in EVENTS:
        run(update)
    for org_id, event, client in run(GONE).all():
        run(LINK, {"org_id": org_id, "id": event, "client": decode("client", client)})
    for table in READ:
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for column in ("xact", "visibility", "client_id"):
        run(f"ALTER TABLE events DROP COLUMN {column}")
    for column in ("held_seconds", "cancelled_at"):
        run(f"ALTER TABLE orders DROP COLUMN {column}")
