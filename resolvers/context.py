"""The context of one operation: who acts, in which organization, and its one connection."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from models.actors import Source
from resolvers.actor import Actor
from resolvers.changes.recorded_changes import RecordedChanges
from resolvers.database.commits import commit
from resolvers.database.connection_errors import CONNECTION_ERRORS, is_timed_out
from resolvers.database.loaded import Loaded
from resolvers.database.runtime import Runtime
from resolvers.database.sql import Sql
from resolvers.database.together import Held, HeldStatement, send_together
from resolvers.database.transaction import OpenTransaction
from resolvers.database.transaction_settings import BEGIN_READ, BEGIN_WRITE, FILTERED, GENERIC, KEYED
from resolvers.errors import Refusal, query_too_slow

_FAILED = (*CONNECTION_ERRORS, asyncpg.InFailedSQLTransactionError)
# A database row: an asyncpg.Record, or a mapping of the same columns. Read by column name.
Row = Any

_BIND = Sql("select set_config('app.org_id',$1,true)", ("bound",), {})


def now() -> datetime:
    """Return the current time in milliseconds, which is what is stored and shown."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(slots=True)
class Context:
    """The context of one operation. Its loaders, rows and connection live no longer than it does.

    ``statements`` counts the statements that were sent, without those that begin and end transactions.
    ``unfiltered`` is whether the operation has no filter: PostgreSQL may then sort, and read tables in any way.
    ``writes`` is whether its transaction may change rows, and wait for others that do.
    ``capped``: its statements may take long (``search_seconds``, in a snapshot): it waits while its organization holds
    half of the pool. ``narrowable``: it only reads, and the caller could ask for less: it filters or counts.
    ``shown_once`` holds secrets that are shown in this response, and not in a replay of it.
    ``loaded`` limits what the operation loads; None for no limit. ``announces`` is whether it makes events.
    ``committed`` is whether a commit was sent: to repeat the operation may then do it twice.
    ``matched`` is the work of patterns, which values were held against or which were set: it is charged afterwards.
    ``dry_run`` is whether its transactions are rolled back; ``recorded`` is what the last changed, or would have.
    ``held`` takes the statements of loads while they begin, so that those of several are sent together.
    ``form_turn`` takes the caller's turn to submit a form, or raises Refusal RATE_LIMITED; None where it was taken.
    """

    runtime: Runtime
    actor: Actor
    request_id: str
    source: Source
    idempotency_key: str | None = None
    unfiltered: bool = False
    capped: bool = False
    search_seconds: float = 0.0
    narrowable: bool = False
    statements: int = 0
    replayed: bool = False
    writes: bool = False
    shown_once: list[str] = field(default_factory=list)
    loaded: Loaded | None = None
    committed: bool = False
    dry_run: bool = False
    recorded: RecordedChanges | None = None
    matched: int = 0
    loaders: dict[Any, Any] = field(default_factory=dict)
    jobs_to_wake: list[UUID] = field(default_factory=list)
    announces: bool = False
    held: Held | None = None
    form_turn: Callable[[UUID], Coroutine[Any, Any, None]] | None = None
    _transaction: OpenTransaction | None = None
    _stopped: Refusal | None = None
    _sent_at: float = 0.0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def org_id(self) -> UUID:
        """Return the organization whose rows the operation reads and changes."""
        return self.actor.org_id

    @property
    def is_open(self) -> bool:
        """Return whether a transaction or a snapshot is open."""
        return self._transaction is not None

    def fetch(self, sql: Sql, **values: Any) -> Coroutine[Any, Any, list[Row]]:
        """Run a statement on the operation's connection and return its rows. ``org_id`` is added to its values."""
        values["org_id"] = self.actor.org_id
        return self.run(sql, sql.arguments(values))

    async def run(self, sql: Sql, arguments: Sequence[Any]) -> list[Row]:
        """Run a statement like ``fetch``, with its arguments in the order of ``sql.names``, ``org_id`` among them."""
        held = None if self.held is None else self.held.add(sql, arguments)
        try:
            rows = None if held is None else await held
        except _FAILED as error:
            raise await self._stopped_by(error) from error
        if rows is None:
            rows = await self._alone(sql, arguments)
            if held is not None:
                held.outcome = rows
        # What is made of the rows may take as long as reading a document does.
        await self.runtime.turns.take(self.actor.org_id)
        return rows

    async def _alone(self, sql: Sql, arguments: Sequence[Any]) -> list[Row]:
        lock = self._lock
        await lock.acquire()
        self._sent_at = time.monotonic()
        started = self._sent_at if self.capped and not self.writes else 0.0
        try:
            # Read after the wait: meanwhile the transaction may have ended, and the connection belong to another.
            transaction = self._transaction
            assert transaction is not None, "a statement needs an open transaction"
            self.statements += 1
            loaded = self.loaded
            if loaded is None or not sql.widest:
                rows, _ = await transaction.rows(sql.text, arguments, 0)
            else:
                rows, ended = await transaction.rows(sql.text, arguments, loaded.room(sql))
                loaded.add(sql, rows)
                if not ended:
                    rows = await loaded.rest(transaction.connection, sql, rows)
        except _FAILED as error:
            raise await self._stopped_by(error) from error
        finally:
            lock.release()
            if started:
                self.search_seconds += time.monotonic() - started
        return rows

    async def send(self, statements: Sequence[HeldStatement]) -> None:
        """Send statements that were held together, as far as they can be: each has its outcome then."""
        async with self._lock:
            assert self._transaction is not None, "a statement needs an open transaction"
            self._sent_at = time.monotonic()
            self.statements += await send_together(self._transaction, statements, self.loaded)

    async def _stopped_by(self, error: BaseException) -> BaseException:
        """Return the error to raise when a statement failed. PostgreSQL refuses all later ones of the transaction."""
        await self.runtime.require_no_fault(error)
        if isinstance(error, asyncpg.InFailedSQLTransactionError):
            stopped = self._stopped
            return error if stopped is None else Refusal(stopped.code, stopped.message, **stopped.extra)
        most = self.runtime.statement_timeout_ms
        slow = self.narrowable and is_timed_out(error, time.monotonic() - self._sent_at, most)
        self._stopped = query_too_slow(most) if slow else self.runtime.unavailable(error)
        return self._stopped

    async def row(self, sql: Sql, **values: Any) -> Row | None:
        """Run a statement and return its first row, or None."""
        return next(iter(await self.fetch(sql, **values)), None)

    async def become(self, actor: Actor, source: Source) -> None:
        """Go on as another actor, in that actor's organization, until the transaction ends."""
        await self.run(_BIND, [str(actor.org_id)])
        self.actor, self.source = actor, source
        self.loaders.clear()
        if self.recorded is not None:
            self.recorded.concealed = True

    def snapshot(self) -> "_Snapshot":
        """Return a read-only snapshot, for an ``async with`` block. Raises Refusal UNAVAILABLE."""
        return _Snapshot(self)

    def transaction(self) -> "_Transaction":
        """Return a transaction for an ``async with`` block: committed at its end (rolled back where it
        is a dry run), rolled back by any exception.

        Raises Refusal UNAVAILABLE, or OUTCOME_UNKNOWN when the connection is lost during the commit.
        """
        return _Transaction(self)


class _Snapshot:
    """A read-only transaction. Its commit is not waited for: it is sent with the connection's next statement."""

    __slots__ = ("_ctx", "_transaction")

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __aenter__(self) -> None:
        ctx = self._ctx
        config = (GENERIC if ctx.unfiltered else FILTERED) + ctx.runtime.lock_timeout
        connection = await ctx.runtime.begin(BEGIN_READ, ctx.actor.org_id, config, capped=ctx.capped)
        ctx._transaction = self._transaction = OpenTransaction(ctx.runtime, connection)

    async def __aexit__(self, exc_type: object, error: BaseException | None, traceback: object) -> None:
        ctx = self._ctx
        pool, connection, ctx._transaction = ctx.runtime.pool, self._transaction.end(), None
        if connection is None:
            return
        if connection.is_closed() or (error is None and not ctx._lock.locked()):
            pool.release(connection, pending_commit=True)
        else:
            pool.reset(connection)
        if isinstance(error, CONNECTION_ERRORS):
            raise ctx.runtime.unavailable(error) from error


class _Transaction:
    """A transaction that may write. Its commit is waited for, so that what was answered is kept.

    That of a dry run is rolled back instead.
    """

    __slots__ = ("_began", "_ctx", "_transaction")

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        # Who it may become ends with the transaction.
        self._began = ctx.actor, ctx.source

    async def __aenter__(self) -> None:
        ctx = self._ctx
        ctx.writes = True
        ctx.recorded = RecordedChanges() if ctx.dry_run else None
        tracing, config = ctx.runtime.tracing, KEYED
        if tracing is not None:
            config += tracing.setting()
        connection = await ctx.runtime.begin(BEGIN_WRITE, ctx.org_id, config, again=tracing is None)
        ctx._transaction = self._transaction = OpenTransaction(ctx.runtime, connection)

    async def __aexit__(self, exc_type: object, error: BaseException | None, traceback: object) -> None:
        ctx, org_id = self._ctx, self._ctx.org_id
        connection, ctx._transaction = self._transaction.end(), None
        ctx.actor, ctx.source = self._began
        # The next root field has a transaction of its own, and a rollback wakes no worker.
        woken, announces, ctx.jobs_to_wake, ctx.announces = ctx.jobs_to_wake, ctx.announces, [], False
        ctx.loaders.clear()
        if connection is None and error is None:
            raise self._transaction.lost or AssertionError("it was not lost")
        if connection is None:
            return
        try:
            if error is None and not ctx.dry_run and connection.opening is None:
                ctx.committed = True
                await commit(ctx.runtime, connection, keyed=ctx.idempotency_key is not None)
        finally:
            if connection.is_closed() or not connection.may_be_open or connection.opening is not None:
                ctx.runtime.pool.release(connection, pending_commit=connection.pending_commit)
            else:
                # Waited for, so that no lock of a failed change outlives its response.
                await asyncio.shield(ctx.runtime.pool.reset(connection))
        if isinstance(error, CONNECTION_ERRORS):
            raise ctx.runtime.unavailable(error) from error
        if (woken or announces) and error is None and not ctx.dry_run:
            ctx.runtime.tell(org_id, woken, announces=announces)
