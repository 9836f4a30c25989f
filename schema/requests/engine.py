"""Runs operations: judged, allowed, each root field of a mutation in a transaction of its own."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from graphql import NoSchemaIntrospectionCustomRule

from execution import (
    FIELDS_FOR_ONE,
    FREE_FIELDS,
    MAX_TOKENS,
    CostCheck,
    EffortLimitError,
    Executor,
    Limits,
    Operation,
    Outcome,
    Serializers,
    declared,
    introspects_too_much,
)
from models.actors import Reserved, Source
from resolvers.actor import Actor
from resolvers.context import Context
from resolvers.database.loaded import Loaded
from resolvers.errors import Refusal, Refusals
from resolvers.loads import begin_loads
from schema.graph import CORE, FIELDS, RULES
from schema.requests.checks import CHECKS
from schema.requests.errors import too_deep
from schema.requests.prepared import Prepared
from schema.requests.results import OperationResult, refused_result, result_of
from schema.requests.root_fields import run_root_fields
from schema.requests.sizes import fits, require_size
from schema.requests.traced import begin_operation, end_operation
from schema.requests.variables import checked_variables

# What a document costs that is not known: one for each fragment, for so many tokens, and for so many characters; to
# judge a known one for other variables: one for so many tokens. Compiling costs one for so many of its first fields, as
# the others always cost.
NEW_TOKENS, NEW_TEXT, JUDGED_TOKENS = 4, 256, 40
# Where an operation keeps who sent it, and the most bytes that one of them takes.
_SENDERS, SENDER_BYTES = "senders", 200

LIMITS = Limits()
# What searches cost together that may take seconds where there are many rows: one that follows a relation already may.
LONG_SEARCH = 10


class Engine:
    """Prepares and runs operations over the graph. ``compare``, for tests, holds each query against graphql-core;
    ``grown`` is called with the bytes of documents that are kept from then on, or judged."""

    def __init__(
        self,
        limits: Limits = LIMITS,
        *,
        introspection: bool = True,
        suggestions: bool = True,
        compare: bool = False,
        serializers: Serializers = Serializers.ON,
        grown: Callable[[int], None] | None = None,
    ) -> None:
        checks = [*CHECKS]
        if not introspection:
            checks.append(NoSchemaIntrospectionCustomRule)
        self.introspection = introspection
        self.compare = compare
        self.executor = Executor(
            CORE,
            fields=FIELDS,
            serializers=serializers,
            rules=RULES,
            limits=limits,
            validation=checks,
            hide_suggestions=not suggestions,
            begin_loads=begin_loads,
            grown=grown,
        )

    def measure(self, text: str, name: str | None, variables: Mapping[str, Any], tokens: int = MAX_TOKENS) -> Prepared:
        """Parse and judge a text of at most so many tokens, or find what was parsed and judged.

        Raises DocumentError, or Refusal TOO_COMPLEX.
        """
        try:
            operation = self.executor.find(text, name, tokens)
        except RecursionError:
            raise too_deep() from None
        return self.judged(operation, declared(operation, variables))

    def judged(self, operation: Operation, variables: Mapping[str, Any]) -> Prepared:
        """Return an operation with the variables that a caller chose, judged. Raises Refusal TOO_COMPLEX."""
        check = self._cost(operation, variables)
        if check.excess is not None:
            raise Refusal("TOO_COMPLEX", check.excess)
        return Prepared(operation, variables, check.analysis, new=_new(operation, check))

    def prepared(self, operation: Operation, variables: Mapping[str, Any]) -> Prepared:
        """Return an operation of our own, of any size, judged. Without its variables: what it always needs.

        Raises Refusal TOO_COMPLEX where its variables hold too much to be judged.
        """
        return Prepared(operation, variables, self._cost(operation, variables).analysis)

    def _cost(self, operation: Operation, variables: Mapping[str, Any]) -> CostCheck:
        try:
            return self.executor.cost(operation, variables)
        except RecursionError:
            raise too_deep() from None
        except EffortLimitError as error:
            raise Refusal("TOO_COMPLEX", str(error)) from None

    def preparation_costs(self, prepared: Prepared, sender: UUID | None) -> tuple[int, int]:
        """Return what an operation costs beside: to be read and judged, and to be compiled.

        An organization that sends it to this process for the first time pays for both, whoever sent it before: what it
        pays does not tell what others ask. None: the public.
        """
        operation, first = prepared.operation, False
        if sender is not None and operation.valid:
            senders: set[UUID] = operation.cache.setdefault(_SENDERS, set())
            if sender not in senders:
                first = True
                senders.add(sender)
                operation.grow(SENDER_BYTES)
        reading = max(prepared.new, _reading(operation)) if first else prepared.new
        if not first and self.executor.is_planned(operation, prepared.variables):
            return reading, 0
        return reading, min(prepared.measure.expanded, FREE_FIELDS) // FIELDS_FOR_ONE

    def public(self, prepared: Prepared) -> bool:
        """Return whether the operation needs no key: health, a form's submission, and introspection where it is on."""
        return prepared.measure.unrestricted

    def validate(self, prepared: Prepared, name: str | None, sender: UUID | None = None) -> None:
        """Validate against the schema, and keep what is valid for the organization that sent it; None: the public.
        Raises DocumentError, or Refusal TOO_COMPLEX."""
        try:
            self.executor.validate(prepared.operation, name, sender)
        except RecursionError:
            raise too_deep() from None
        if introspects_too_much(CORE, prepared.measure):
            raise Refusal("TOO_COMPLEX", "The operation introspects too much. Send one introspection query, alone.")

    def allow(self, prepared: Prepared, actor: Actor) -> None:
        """Raise Refusal FORBIDDEN, with the scope and the field's path, for what the actor may not do."""
        for needed, path in prepared.measure.requirements.items():
            if isinstance(needed, Reserved):
                if actor.kind in needed.kinds and actor.name != needed.unless:
                    raise Refusal("FORBIDDEN", needed.why, field=needed.field, path=list(path))
            elif not actor.may(needed):
                message = f"The {actor.credential} lacks the scope {needed}."
                raise Refusal("FORBIDDEN", message, scope=needed, path=list(path))

    async def run(self, ctx: Context, prepared: Prepared, root: Any = None) -> OperationResult:
        """Check the variables and run. Never raises for what a caller can do wrong: that is in the result.

        A subscription is run for each of its events, which is then the ``root``.

        Where a transaction of the context is open, it runs there: the caller rolls it back if the result has errors.
        """
        operation = prepared.operation
        # A filter's statement chooses between its plans itself, by what it finds; PostgreSQL may not.
        ctx.unfiltered = not prepared.measure.filtered and ctx.actor.client is None
        ctx.narrowable = operation.operation_type == "query" and (
            prepared.measure.filtered or prepared.measure.searched > 0
        )
        cost = prepared.measure.cost
        ctx.capped = prepared.measure.searched >= LONG_SEARCH
        ctx.loaded = Loaded()
        if root is not None:
            ctx.loaded.hold(root)
        tracing = ctx.runtime.tracing
        span = None if tracing is None else begin_operation(tracing, operation)
        observe = None if tracing is None else tracing.level
        result: OperationResult | None = None
        try:
            named = ctx.source is not Source.REST
            variables = checked_variables(CORE, operation, prepared.variables, named=named)
            if ctx.is_open:
                outcome = await self.executor.run(operation, variables, context=ctx, observe=observe)
                if not fits(outcome, prepared.measure, ctx.loaded):
                    await require_size(outcome.data, ctx.loaded)
                result = result_of(ctx, operation, outcome)
            elif operation.operation_type == "mutation":
                result = await run_root_fields(self.executor, ctx, prepared, variables)
            elif prepared.measure.unrestricted:
                outcome = await self.executor.run(operation, variables, context=ctx, observe=observe)
                # Nothing is loaded, and without aliases each object of the schema is shown as it is.
                if prepared.measure.introspected and prepared.measure.aliases:
                    await require_size(outcome.data, ctx.loaded)
                result = result_of(ctx, operation, outcome)
            else:
                async with ctx.snapshot():
                    outcome = await self.executor.run(operation, variables, context=ctx, root=root, observe=observe)
                    if not fits(outcome, prepared.measure, ctx.loaded):
                        await require_size(outcome.data, ctx.loaded)
                    if self.compare:
                        await _compare(self.executor, ctx, prepared, outcome, root)
                result = result_of(ctx, operation, outcome)
        except (Refusal, Refusals) as refused:
            result = refused_result(refused, ctx.request_id)
        except RecursionError:
            result = refused_result(too_deep(), ctx.request_id)
        finally:
            if span is not None:
                end_operation(span, result)
        result.cost = cost
        if result.actual is not None:
            # A list without a size was judged as one object, and a replay is not counted.
            result.actual = min(result.actual + prepared.measure.searched, cost)
        return result


def _reading(operation: Operation) -> int:
    return len(operation.fragments) + operation.tokens // NEW_TOKENS + len(operation.text) // NEW_TEXT


def _new(operation: Operation, check: CostCheck) -> int:
    """Return what an operation costs beside for what of it is not known."""
    if not operation.valid:
        return _reading(operation)
    return 0 if check.cached else operation.tokens // JUDGED_TOKENS


async def _compare(executor: Executor, ctx: Context, prepared: Prepared, ours: Outcome, root: Any) -> None:
    """Hold a result against graphql-core's, on the same snapshot. Raises AssertionError with what differs."""
    sent, loaded, ctx.loaded = ctx.statements, ctx.loaded, None
    found = await executor.compare(prepared.operation, prepared.variables, context=ctx, root=root, ours=ours)
    ctx.statements, ctx.loaded = sent, loaded
    assert not found, found
    assert ours.errors or not ours.serializer_failures, "a row is not what its loader promised"
