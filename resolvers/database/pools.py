"""How a pool is opened."""

from functools import partial

from resolvers.database.connection import PooledConnection, connect
from resolvers.database.pool import CONNECT_S, PATIENCE_S, Pool


async def open_pool(
    url: str,
    *,
    min_size: int,
    max_size: int,
    class_: type[PooledConnection] = PooledConnection,
    patience_s: float = PATIENCE_S,
) -> Pool:
    """Open a pool with ``min_size`` connections of a class. It works through a transaction pooler such as PgBouncer.

    A connection that has not answered for ``patience_s`` is dropped. Raises OSError or PostgresError when the database
    is not available.
    """
    pool = Pool(partial(connect, url, class_), min_size, max_size, patience_s)
    connections: list[PooledConnection] = []
    try:
        while len(connections) < min_size:
            connections.append(await pool.acquire(CONNECT_S))
    except BaseException:
        for connection in connections:
            connection.terminate()
        raise
    for connection in connections:
        pool.release(connection)
    return pool
