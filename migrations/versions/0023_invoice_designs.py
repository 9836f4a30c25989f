"""An issued invoice keeps the language, the color and the logo that its PDF shows."""

from alembic import op

from migrations.tables import protect

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# The owner is held to the policies too, and would find and fill nothing while they are forced.
READ = ("invoices", "org_settings", "org_logos")
CHECK = (
    "num_nulls(number, number_key, issued_at, due_at, seller, buyer, timezone{}) = case when status = 'DRAFT' then {}"
)
# As the PDFs of issued invoices are until now: with the present settings.
LOGOS = """
INSERT INTO invoice_logos
SELECT org_id, 'sha256:' || encode(sha256(png), 'hex'), png FROM org_logos
WHERE EXISTS (SELECT FROM invoices WHERE invoices.org_id = org_logos.org_id AND status <> 'DRAFT')
"""
FILL = """
UPDATE invoices SET
    language = coalesce((SELECT chosen ->> 'organization.language' FROM org_settings
        WHERE org_settings.org_id = invoices.org_id), 'en'),
    color = (SELECT chosen ->> 'organization.color' FROM org_settings WHERE org_settings.org_id = invoices.org_id),
    logo = (SELECT digest FROM invoice_logos WHERE invoice_logos.org_id = invoices.org_id)
WHERE status <> 'DRAFT'
"""


def _check(more: str, most: int) -> None:
    run = op.get_bind().exec_driver_sql
    run("ALTER TABLE invoices DROP CONSTRAINT invoices_issued_check")
    run(f"ALTER TABLE invoices ADD CONSTRAINT invoices_issued_check CHECK ({CHECK.format(more, most)} else 0 end)")


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for table in READ:
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    run("""
        CREATE TABLE invoice_logos (
            org_id UUID NOT NULL,
            digest TEXT COLLATE "C" NOT NULL,
            png BYTEA NOT NULL,
            CONSTRAINT invoice_logos_pkey PRIMARY KEY (org_id, digest),
            CONSTRAINT invoice_logos_png_check CHECK (octet_length(png) <= 65536)
        )""")
    for column in ("language VARCHAR(6)", "color TEXT", 'logo TEXT COLLATE "C"'):
        run(f"ALTER TABLE invoices ADD COLUMN {column}")
    run(LOGOS)
    run(FILL)
    _check(", language", 8)
    run("""
        ALTER TABLE invoices ADD CONSTRAINT invoices_org_id_logo_fkey FOREIGN KEY (org_id, logo)
        REFERENCES invoice_logos (org_id, digest)""")
    protect("invoice_logos", "SELECT, INSERT")
    for table in READ:
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    _check("", 7)
    for column in ("logo", "color", "language"):
        run(f"ALTER TABLE invoices DROP COLUMN {column}")
    run("DROP TABLE invoice_logos")
