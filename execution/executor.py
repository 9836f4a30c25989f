"""The executor: one entry to prepare, analyze and run operations over a schema."""

from collections import Counter
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from typing import Any, Protocol

from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema

from execution.guard.cost import FieldRule, Limits
from execution.guard.cost_cache import CostCache, CostCheck
from execution.guard.document_cache import MAX_BYTES, DocumentCache
from execution.guard.documents import MAX_TOKENS, Operation
from execution.guard.introspection import introspection_rules
from execution.guard.validation import RULES
from execution.plan.compiler import is_planned, plan_of
from execution.plan.field_kinds import FieldKinds, resolver_fields
from execution.plan.serializer import serialize_row
from execution.plan.settings import BeginLoads, ExecutorSettings, Serializers
from execution.plan.variables import Variables, variables_of
from execution.run.compare import differences
from execution.run.observation import ObserveLevel
from execution.run.runner import Outcome, run, run_core

_LIMITS = Limits()
_INCREMENTAL = ("defer", "stream")


class StrawberrySchema(Protocol):
    """A ``strawberry.Schema``, by what is used of it."""

    _schema: GraphQLSchema


class Executor:
    """Executes operations over a schema, level by level.

    ``fields`` returns the kind of each field; without it every field is resolved by its own resolver. ``serializers``
    says whether objects of trusted fields are serialized by compiled functions. ``rules`` has what fields cost
    (without it, what those of introspection cost), ``limits`` what an operation may be at most. ``validation`` are the
    rules of validation. At most ``documents`` operations are kept, and ``document_bytes`` of them; ``grown`` is called
    with the bytes of what is kept from then on, or judged, and below zero of what is so no longer.

    Two counters may be given: ``fallbacks`` counts the operations that graphql-core ran, by the reason;
    ``serializer_failures`` how often objects could not be serialized as promised, by their type. ``begin_loads`` is
    given the batch fields' loads of a level, and returns what completes each; without it each begins when the one
    before it has ended.

    Raises ValueError for a schema with extensions, operation directives or an execution context class of its own, which
    only wrap graphql-core, and for one with incremental delivery.
    """

    def __init__(
        self,
        schema: GraphQLSchema | StrawberrySchema,
        *,
        fields: FieldKinds = resolver_fields,
        serializers: Serializers = Serializers.OFF,
        rules: Mapping[tuple[str, str], FieldRule] | None = None,
        limits: Limits = _LIMITS,
        validation: Sequence[Any] = RULES,
        hide_suggestions: bool = False,
        documents: int = 500,
        document_bytes: int = MAX_BYTES,
        fallbacks: Counter[str] | None = None,
        serializer_failures: Counter[str] | None = None,
        begin_loads: BeginLoads | None = None,
        grown: Callable[[int], None] | None = None,
    ) -> None:
        core = _core_schema(schema)
        self.schema = core
        self.settings = ExecutorSettings(
            core,
            fields,
            serializers,
            Counter() if fallbacks is None else fallbacks,
            Counter() if serializer_failures is None else serializer_failures,
            begin_loads,
        )
        self.limits = limits
        self.documents = DocumentCache(
            core, validation, documents, document_bytes, hide_suggestions=hide_suggestions, grown=grown
        )
        self._costs = CostCache(core, introspection_rules(core) if rules is None else rules, limits)

    def find(self, text: str, name: str | None = None, tokens: int = MAX_TOKENS) -> Operation:
        """Return a text's operation of at most so many tokens, parsed but not yet validated. Raises DocumentError."""
        return self.documents.operation(text, name, tokens)

    def validate(self, operation: Operation, name: str | None = None, owner: Hashable = None) -> Operation:
        """Validate an operation, and keep it from then on, for whoever sent it first: what is kept is shared out among
        owners. Raises DocumentError."""
        return self.documents.validated(operation, name, owner)

    def prepare(self, text: str, name: str | None = None) -> Operation:
        """Return a text's operation, parsed and validated. Raises DocumentError."""
        return self.validate(self.find(text, name), name)

    def cost(self, operation: Operation, variables: Mapping[str, Any] | None = None) -> CostCheck:
        """Return what an operation costs with its variables, and which limit it exceeds, if any.

        Raises EffortLimitError where its arguments hold too much to say so.
        """
        return self._costs.of(operation, variables or {})

    def variables(self, operation: Operation, given: Mapping[str, Any]) -> Variables | list[GraphQLError]:
        """Return an operation's variables, coerced, or what is wrong with them."""
        return variables_of(self.schema, operation, given)

    def is_planned(self, operation: Operation, variables: Mapping[str, Any]) -> bool:
        """Return whether an operation is compiled for its variables, or needs not be."""
        return is_planned(self.settings, operation, variables)

    def run(
        self,
        operation: Operation,
        variables: Mapping[str, Any] | Variables | None = None,
        *,
        context: Any = None,
        root: Any = None,
        only: str | None = None,
        observe: ObserveLevel | None = None,
    ) -> Coroutine[Any, Any, Outcome]:
        """Run a validated operation. ``only`` runs one of its root fields, by its response key; ``observe`` is called
        for each level."""
        given = {} if variables is None else variables
        return run(self.settings, operation, given, context=context, root=root, only=only, observe=observe)

    async def compare(
        self,
        operation: Operation,
        variables: Mapping[str, Any] | None = None,
        *,
        context: Any = None,
        root: Any = None,
        ours: Outcome | None = None,
        exact: bool = False,
    ) -> list[str]:
        """Return what differs between an outcome and graphql-core's, in words: an empty list where they are the same.

        ``ours`` is the outcome; without it the operation is run. See ``differences`` for ``exact``.
        """
        given = variables or {}
        if ours is None:
            ours = await self.run(operation, given, context=context, root=root)
        theirs = await run_core(self.schema, operation, given, context=context, root=root)
        return differences(ours, theirs, exact=exact)

    def serializer(self, operation: Operation) -> Callable[[Any], dict[str, Any]]:
        """Return a function from a row to the object that the operation's one root field gives for it.

        Raises ValueError for an operation that asks for more than columns of the row.
        """
        plan = plan_of(self.settings, operation, Variables(self.schema, operation, {}, {}))
        fields = [] if isinstance(plan, str) else list(plan.root.fields.values())
        if len(fields) != 1 or not isinstance(fields[0].shape.named, GraphQLObjectType):
            raise ValueError("The operation has more than one root field, or no object.")
        selection = fields[0].selection(fields[0].shape.named)
        if selection.rest:
            raise ValueError(f"{selection.rest[0].name} is no column of the row.")

        def serialized(row: Any, _plan: Any = plan) -> dict[str, Any]:
            # The function keeps the plan, which its fields hold weakly.
            return serialize_row(selection, row)

        return serialized


def _core_schema(schema: GraphQLSchema | StrawberrySchema) -> GraphQLSchema:
    """Return graphql-core's schema. Raises ValueError for one that is executed with more than its resolvers."""
    core: object = schema if isinstance(schema, GraphQLSchema) else getattr(schema, "_schema", None)
    if not isinstance(core, GraphQLSchema):
        raise TypeError(f"{type(schema).__name__} is not a schema.")
    refused = _what_is_not_run(getattr(core, "_strawberry_schema", None))
    if refused is not None:
        raise ValueError(f"The schema has {refused}, which this executor does not run.")
    if any(core.get_directive(name) for name in _INCREMENTAL):
        raise ValueError("The schema has incremental delivery (@defer, @stream), which this executor does not run.")
    return core


def _what_is_not_run(strawberry: Any) -> str | None:
    """Return what a Strawberry schema wraps graphql-core's executor with, if anything."""
    if getattr(strawberry, "directives", ()):
        return "directives of operations"
    # What an override returns may differ from one operation to the next.
    if getattr(strawberry, "extensions", ()) or _is_own(getattr(strawberry, "get_extensions", None)):
        return "extensions"
    if _is_own(getattr(strawberry, "execution_context_class", None)):
        return "an execution context class"
    return None


def _is_own(part: Any) -> bool:
    """Return whether a class or a function is not Strawberry's."""
    return part is not None and not part.__module__.startswith("strawberry.")
