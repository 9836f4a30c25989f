"""One message and its answer: who sent it, what it pays, and the operation that a call of a tool is."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from models.actors import Source
from resolvers.actor import Actor
from resolvers.context import Context
from resolvers.errors import Refusal, Refusals, bad_input, internal
from schema.requests.engine import Engine
from schema.requests.results import OperationResult, refused_result
from schema.tools.calls import prepared_call
from server.http.edge import late_refusal
from server.mcp.tools import DRY_RUN, IDEMPOTENCY_KEY, changes
from web.deadlines import Deadlines
from web.dependencies import Dependencies
from web.dry_run import DRY_RUN_HEADER, dry_run, refuse_parameter
from web.http import Header, Request
from web.idempotency import REPLAYED, check_key, idempotency_key

log = structlog.get_logger()
# A call that is refused was read and judged: its organization pays for that.
REFUSED = 20
# What it is called in the scope that the library is given.
EXCHANGE = "counterfoil.exchange"


@dataclass(slots=True)
class Exchange:
    """A message from an actor, and the headers of its answer. ``paid`` is whether a call paid for it."""

    engine: Engine
    dependencies: Dependencies
    request: Request
    actor: Actor
    headers: list[Header] = field(default_factory=list)
    paid: bool = False

    async def call(self, name: str, arguments: Mapping[str, Any]) -> OperationResult:
        """Run a tool within the deadline of a request. Never raises for what is wrong: that is in the result.

        The library may call this in a task that does not end with the request's.
        """
        # Of several calls for one message the last one's tell what is left.
        self.headers.clear()
        result = await self._within_deadline(name, arguments)
        wait = result.errors[0]["extensions"].get("retryAfter") if result.errors else None
        if wait is not None:
            self.headers.append((b"retry-after", b"%d" % wait))
        return result

    async def _within_deadline(self, name: str, arguments: Mapping[str, Any]) -> OperationResult:
        deadlines: Deadlines = self.request.state["deadlines"]
        task, late = deadlines.start(), False
        self.paid = True
        try:
            try:
                return await self._run(name, arguments)
            finally:
                late = deadlines.end(task)
        except asyncio.CancelledError:
            if not late:
                raise
            return self._refused(late_refusal(self.request.state.get("ctx")))
        except (Refusal, Refusals) as refused:
            return self._refused(refused)
        except Exception:  # here, so that the library neither words nor logs it
            log.exception("unexpected error")
            return self._refused(internal())

    def _refused(self, refused: Refusal | Refusals) -> OperationResult:
        return refused_result(refused, self.request.request_id)

    async def _run(self, name: str, arguments: Mapping[str, Any]) -> OperationResult:
        request, dependencies = self.request, self.dependencies
        try:
            prepared = prepared_call(self.engine, self.actor, name, _of_operation(name, arguments))
            key, dry = self._key(name, arguments), self._dry(name, arguments)
        except (Refusal, Refusals):
            await dependencies.pay(request, self.actor, 0, self.headers, REFUSED + request.weight)
            raise
        request.state["operation_type"] = prepared.operation.operation_type
        ctx = Context(dependencies.runtime, self.actor, request.request_id, Source.GRAPHQL, key, dry_run=dry)
        request.state["ctx"] = ctx
        # Of an operation of our own nobody learns what others ask.
        reading, compiling = self.engine.preparation_costs(prepared, None)
        cost = prepared.measure.cost + compiling
        await dependencies.pay(request, self.actor, cost, self.headers, reading + request.weight)
        if compiling:
            await dependencies.runtime.turns.take(self.actor.org_id)
        result = await self.engine.run(ctx, prepared)
        dependencies.charge_rest(request, ctx)
        request.state["statements"] = ctx.statements
        if ctx.replayed:
            self.headers.append(REPLAYED)
        if ctx.dry_run:
            self.headers.append(DRY_RUN_HEADER)
        return result

    def _key(self, name: str, arguments: Mapping[str, Any]) -> str | None:
        """Return the key by which a change is known when it is repeated: the argument's, or the header's."""
        key = arguments.get(IDEMPOTENCY_KEY)
        if key is None or not changes(name):
            return idempotency_key(self.request)
        if not isinstance(key, str):
            raise bad_input(IDEMPOTENCY_KEY, "It must be a string.", "WRONG_TYPE")
        return check_key(key, IDEMPOTENCY_KEY)

    def _dry(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Return whether a change is only to be tried: as the argument or the header says."""
        refuse_parameter(self.request)
        asked, given = dry_run(self.request), arguments.get(DRY_RUN)
        if not changes(name):
            return False
        if not isinstance(given, bool | None):
            raise bad_input(DRY_RUN, "It must be a boolean.", "WRONG_TYPE")
        return bool(given) or asked


def _of_operation(name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments that are variables of the operation, and those that are unknown."""
    if not changes(name):
        return arguments
    return {given: value for given, value in arguments.items() if given not in (IDEMPOTENCY_KEY, DRY_RUN)}
