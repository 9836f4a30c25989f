"""The database's history. Alembic, configured in code: there is no ini file."""
