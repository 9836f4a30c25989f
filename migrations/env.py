"""What Alembic runs: the connection comes from ``migrations.runner``."""

from alembic import context

from models.base import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
