"""The context of one operation: who acts, for which organization, on one connection."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import UUID

import asyncpg

from execution import Args
from models.keys import ActorKind, Source, allows
from resolvers.database.connection_errors import CONNECTION_ERRORS
from resolvers.database.links import Link
from resolvers.database.loaded import Loaded
from resolvers.database.runtime import Runtime, outcome_unknown
from resolvers.database.sql import Sql
from resolvers.errors import Refusal, query_too_slow

# A database row: an asyncpg.Record, or a mapping of the same columns. Read by column name.
Row = Any

_BEGIN_READ = "begin isolation level repeatable read, read only"
_BEGIN_WRITE = "begin"
# One plan for all values. Of an organization that is not in the statistics yet PostgreSQL would assume that it has no
# rows, and look for each one by reading all of them.
_GENERIC = ",set_config('plan_cache_mode','force_generic_plan',true)"
_FILTERED = (
    f"{_GENERIC},set_config('enable_sort','off',true),set_config('enable_bitmapscan','off',true)"
    ",set_config('enable_seqscan','off',true),set_config('jit','off',true)"
)
# A change finds its rows by their keys. The plan is the same for an organization with one row of a table and with all,
# so that the table itself must not look like the shorter way.
_KEYED = f"{_GENERIC},set_config('enable_seqscan','off',true)"
# A commit that was sent is waited for so long after its request is over.
COMMIT_S = 5.0


def now() -> datetime:
    """The present, cut to the milliseconds that are kept and shown."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a key, a job, the command line or the public."""

    kind: ActorKind
    id: str
    name: str
    scopes: frozenset[str]
    org_id: UUID
    key_id: UUID | None = None

    def may(self, scope: str) -> bool:
        """Whether the actor holds a scope, or one that includes it."""
        return allows(self.scopes, scope)


@dataclass(slots=True)
class Context:
    """One operation's context. Loaders, rows and the connection live as long as it does, and no longer.

    ``statements`` counts what was sent, without the one that opens the transaction and the one that ends it.
    ``steady``: it filters nothing, so that PostgreSQL may sort, and read tables in any way.
    ``writes``: its transaction may change rows, and wait for others that do.
    ``modest``: its statements may take long, so that it takes nothing of its organization's second half of the pool;
    ``searching`` is how many seconds they took in a snapshot.
    ``narrowable``: it only reads, and a caller can ask for less: it filters or counts.
    ``once`` holds secrets that are shown this once: a replay of the answer is without them.
    ``loaded`` bounds what a caller's operation loads; None where nothing is bounded. ``committed``: a commit was sent,
    so that from now on "try again" may do something twice.
    """

    runtime: Runtime
    actor: Actor
    request_id: str
    source: Source
    idempotency_key: str | None = None
    steady: bool = False
    modest: bool = False
    searching: float = 0.0
    narrowable: bool = False
    statements: int = 0
    replayed: bool = False
    writes: bool = False
    once: list[str] = field(default_factory=list)
    loaded: Loaded | None = None
    committed: bool = False
    loaders: dict[Any, Any] = field(default_factory=dict)
    wakes: list[UUID] = field(default_factory=list)
    _connection: Link | None = None
    _stopped: Refusal | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def org_id(self) -> UUID:
        """The organization whose rows this operation sees."""
        return self.actor.org_id

    def fetch(self, sql: Sql, **values: Any) -> Coroutine[Any, Any, list[Row]]:
        """Run a statement on the operation's connection. ``org_id`` is always given."""
        values["org_id"] = self.actor.org_id
        return self.run(sql, sql.arguments(values))

    async def run(self, sql: Sql, arguments: Sequence[Any]) -> list[Row]:
        """``fetch`` with the arguments in the order of ``sql.names``, ``org_id`` among them."""
        turn = self._turn
        await turn.acquire()
        started = time.monotonic() if self.modest and not self.writes else 0.0
        try:
            # Read in its turn: while it waited the transaction may have ended, and the connection be another's.
            connection = self._connection
            assert connection is not None, "a statement needs an open transaction"
            self.statements += 1
            loaded = self.loaded
            if loaded is None or not sql.widest:
                return (await connection.rows(sql.text, arguments))[0]
            rows, ended = await connection.rows(sql.text, arguments, loaded.room(sql))
            loaded.add(sql, rows)
            return rows if ended else await loaded.rest(connection, sql, rows)
        except (*CONNECTION_ERRORS, asyncpg.InFailedSQLTransactionError) as error:
            raise self._stopped_by(error) from error
        finally:
            turn.release()
            if started:
                self.searching += time.monotonic() - started

    def _stopped_by(self, error: BaseException) -> BaseException:
        """Return the error to raise for a statement's. After the first one the transaction takes no more statements."""
        if isinstance(error, asyncpg.InFailedSQLTransactionError):
            stopped = self._stopped
            return error if stopped is None else Refusal(stopped.code, stopped.message, **stopped.extra)
        if isinstance(error, asyncpg.QueryCanceledError) and self.narrowable:
            self._stopped = query_too_slow(self.runtime.statement_timeout_ms)
        else:
            self._stopped = self.runtime.unavailable(error)
        return self._stopped

    async def row(self, sql: Sql, **values: Any) -> Row | None:
        """The first row, or None."""
        rows = await self.fetch(sql, **values)
        return rows[0] if rows else None

    def snapshot(self) -> "_Snapshot":
        """One read-only snapshot for a query, as ``async with``. Raises Refusal UNAVAILABLE."""
        return _Snapshot(self)

    def transaction(self) -> "_Transaction":
        """One transaction for a change, as ``async with``: committed at the end, rolled back by any exception.

        Raises Refusal UNAVAILABLE, and OUTCOME_UNKNOWN when the connection dies during the commit.
        """
        return _Transaction(self)


class _Snapshot:
    """A read-only transaction. Its end is not waited for: it goes with the connection's next statement."""

    __slots__ = ("_ctx", "_link")

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __aenter__(self) -> None:
        ctx = self._ctx
        also = (_GENERIC if ctx.steady else _FILTERED) + ctx.runtime.lock_wait
        ctx._connection = self._link = await ctx.runtime.begin(_BEGIN_READ, ctx.actor.org_id, also, modest=ctx.modest)

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        ctx, link = self._ctx, self._link
        pool = ctx.runtime.pool
        ctx._connection = None
        if link.is_closed() or (error is None and not ctx._turn.locked()):
            pool.release(link, riding=True)
        else:
            pool.mend(link)
        if isinstance(error, CONNECTION_ERRORS):
            raise ctx.runtime.unavailable(error) from error


class _Transaction:
    """A transaction that writes. Its end is waited for: what was answered is kept."""

    __slots__ = ("_ctx", "_link")

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __aenter__(self) -> None:
        ctx = self._ctx
        ctx.writes = True
        ctx._connection = self._link = await ctx.runtime.begin(_BEGIN_WRITE, ctx.actor.org_id, _KEYED)

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        ctx, link = self._ctx, self._link
        ctx._connection = None
        # The next root field's transaction is another's, and what was rolled back wakes nobody.
        woken, ctx.wakes = ctx.wakes, []
        ctx.loaders.clear()
        try:
            if error is None:
                ctx.committed = True
                await _commit(ctx, link)
        finally:
            if link.is_closed() or not link.is_in_transaction():
                ctx.runtime.pool.release(link)
            else:
                # Waited for, so that no lock of a failed change outlives its answer.
                await asyncio.shield(ctx.runtime.pool.mend(link))
        if isinstance(error, CONNECTION_ERRORS):
            raise ctx.runtime.unavailable(error) from error
        if woken and error is None:
            ctx.runtime.wake(ctx.org_id, woken)


async def _commit(ctx: Context, connection: Link) -> None:
    """Commit, whatever becomes of the request: a cancelled one does not interrupt it, within ``COMMIT_S``."""
    work = asyncio.ensure_future(connection.execute("commit"))
    try:
        done = await asyncio.shield(work)
    except asyncio.CancelledError:
        work.add_done_callback(_seen)
        ended, _ = await asyncio.wait([work], timeout=COMMIT_S)
        if not ended:
            connection.terminate()
        raise
    except CONNECTION_ERRORS as error:
        ctx.runtime.outages.note(error)
        raise outcome_unknown(keyed=ctx.idempotency_key is not None) from error
    if done != "COMMIT":
        raise RuntimeError("a statement of the transaction failed, and nobody said so: it was rolled back")


def _seen(work: "asyncio.Future[str]") -> None:
    """Look at an error that nobody waits for, so that it is not reported as forgotten."""
    if not work.cancelled():
        work.exception()


# Loads one field for all objects of a level: one value for each of the parents, in their order.
BatchResolver = Callable[[Context, list[Any], Args], Coroutine[Any, Any, list[Any]]]


def shared(load: Callable[[Context, Args], Coroutine[Any, Any, Any]]) -> BatchResolver:
    """Return a batch resolver of what does not depend on the parents: loaded once, and given to each of them."""

    @wraps(load)
    async def resolve(ctx: Context, parents: list[Any], args: Args) -> list[Any]:
        return [await load(ctx, args)] * len(parents)

    return resolve
