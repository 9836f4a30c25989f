"""What an API key may do is bound to it: the MAC that binds it, none of keys from before."""

from alembic import op

revision = "0041"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql("ALTER TABLE api_keys ADD COLUMN mac BYTEA")


def downgrade() -> None:
    op.get_bind().exec_driver_sql("ALTER TABLE api_keys DROP COLUMN mac")
