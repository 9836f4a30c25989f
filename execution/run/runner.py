"""Runs operations: by their plan, or whole by graphql-core where a plan does not cover them."""

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute

from execution.guard.documents import Operation
from execution.plan.compiler import Plan, plan_of
from execution.plan.nodes import SelectionPlan
from execution.plan.settings import ExecutorSettings
from execution.plan.variables import Variables, variables_of
from execution.run.level_run import LevelRun
from execution.run.observation import ObserveLevel


class Outcome(ExecutionResult):
    """The result of a run. ``cost`` is what its objects cost, None where graphql-core ran it.

    ``serializer_failures`` is how often a serializer failed: where the result has no errors, a promise was broken.
    ``shared`` is how often one loaded object is shown at most, aliases apart; None where graphql-core ran it.
    """

    __slots__ = ("cost", "serializer_failures", "shared")

    def __init__(
        self,
        data: dict[str, Any] | None,
        errors: list[GraphQLError] | None,
        cost: int | None = None,
        serializer_failures: int = 0,
        shared: int | None = None,
    ) -> None:
        super().__init__(data, errors)
        self.cost = cost
        self.serializer_failures = serializer_failures
        self.shared = shared


async def _serially(
    settings: ExecutorSettings, plan: Plan, variables: Variables, context: Any, root: Any,
    observe: ObserveLevel | None,
) -> Outcome:  # fmt: skip
    """Run a mutation's root fields one after another, up to one that fails where null is not allowed."""
    data: dict[str, Any] = {}
    errors: list[GraphQLError] = []
    cost = serializer_failures = 0
    shared = 1
    for key, field in plan.root.fields.items():
        made = LevelRun(plan, variables, context, root, settings, observe)
        part, found = await made.run(SelectionPlan(plan.root.type_, {key: field}, {key: None}))
        errors += found
        cost += made.cost
        serializer_failures += made.serializer_failures
        shared = max(shared, made.shared)
        if part is None:
            return Outcome(None, errors, cost, serializer_failures, shared)
        data |= part
    return Outcome(data, errors or None, cost, serializer_failures, shared)


async def run(
    settings: ExecutorSettings,
    operation: Operation,
    given: Mapping[str, Any] | Variables,
    *,
    context: Any = None,
    root: Any = None,
    only: str | None = None,
    observe: ObserveLevel | None = None,
) -> Outcome:
    """Run a validated operation and return what graphql-core would. ``only`` runs one root field of it.

    A subscription's operation is run for each of its events, which is then the ``root``. What a plan does not cover is
    run, whole, by graphql-core, and counted in the settings' ``fallbacks``.
    """
    schema = settings.schema
    variables = given if isinstance(given, Variables) else variables_of(schema, operation, given)
    if isinstance(variables, list):
        return Outcome(None, variables)
    plan = plan_of(settings, operation, variables)
    if isinstance(plan, str):
        assert only is None, "graphql-core runs all of an operation"
        settings.fallbacks[plan] += 1
        return await run_core(schema, operation, variables.given, context=context, root=root)
    if operation.operation_type == "mutation" and only is None:
        return await _serially(settings, plan, variables, context, root, observe)
    asked = plan.root
    if only is not None:
        if only not in asked.fields:
            return Outcome({}, None, shared=1)
        asked = SelectionPlan(asked.type_, {only: asked.fields[only]}, {only: None})
    made = LevelRun(plan, variables, context, root, settings, observe)
    data, errors = await made.run(asked)
    return Outcome(data, errors or None, made.cost, made.serializer_failures, made.shared)


async def run_core(
    schema: GraphQLSchema, operation: Operation, given: Mapping[str, Any], *, context: Any = None, root: Any = None
) -> Outcome:
    """Run an operation by graphql-core's own executor."""
    name = operation.definition.name
    result = execute(
        schema,
        operation.document,
        root_value=root,
        variable_values=dict(given),
        operation_name=None if name is None else name.value,
        context_value=context,
    )
    done: Any = await result if isawaitable(result) else result
    assert isinstance(done, ExecutionResult), "a schema with incremental delivery is refused"
    return Outcome(done.data, done.errors)
