"""The application may read which revision its database is at, so that it can say when it is behind."""

from alembic import context, op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(f"GRANT SELECT ON alembic_version TO {context.config.attributes['app_role']}")


def downgrade() -> None:
    op.get_bind().exec_driver_sql(f"REVOKE SELECT ON alembic_version FROM {context.config.attributes['app_role']}")
