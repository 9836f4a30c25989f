"""The database: the pool, its connections, statements and what an organization may take of them."""
