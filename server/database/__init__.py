"""The database as a process finds it: its tables, its roles, other databases beside it."""
