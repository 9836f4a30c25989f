"""What every mutation has: its scope, its cost, one transaction, and null for one that is refused."""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial, wraps
from inspect import cleandoc
from typing import Any, TypeVar, cast

import strawberry

from execution import Effort
from models.actors import STAFF_ONLY, Reserved
from models.names import camel, pascal
from models.resources import Resource, ToolFor
from resolvers.changes.edits import InputValues
from resolvers.collections.rows import Key
from resolvers.context import Context, Row
from resolvers.errors import Refusal, placed_in
from schema.declaration.client_inputs import ClientInput
from schema.declaration.fields import RESOURCE_TYPES, Info, object_type
from schema.declaration.inputs import INPUT, UpdateInput, input_type, values_of
from schema.declaration.scopes import Requires

MUTATION_COST = 10
# What one costs that has a worker write something as large as a log.
JOB_COST = 50
# What arguments need, by their names in the graph: scopes, and what is reserved.
RequirementsOf = Callable[[Mapping[str, Any], Effort], list[Any]]
F = TypeVar("F", bound=Callable[..., Any])
MEANING = "The mutation's input."


def mutation(
    resource: Resource, description: str, cost: int = MUTATION_COST, *, public: bool = False,
    needed: RequirementsOf | None = None, reserved: Reserved | None = STAFF_ONLY,
) -> Callable[[F], F]:  # fmt: skip
    """Return a decorator of a root field that changes something: it needs the resource's write scope (where there is
    none, its read scope; no key where it is ``public``), and what its arguments need (``needed``), has a ``cost``, and
    runs in a transaction of its own. It is the staff's unless ``reserved`` says otherwise: None opens it to clients.

    It is nullable whatever its resolver gives: where it is refused, the fields beside it are answered. The fields of
    its refusals are those of its ``input``.
    """
    metadata: dict[str, Any] = {"cost": cost, "needs": (), "public": public}
    if needed is not None:
        metadata["needed"] = needed
    if reserved is not None and not public:
        metadata["reserved"] = (reserved,)
    scope = resource.read_scope if resource.read_only else resource.write_scope
    directives = [] if public else [Requires(scope=scope)]

    def field(resolver: F) -> F:
        @wraps(resolver)
        async def resolve(*args: Any, **kwargs: Any) -> Any:
            with placed_in(INPUT):
                return await resolver(*args, **kwargs)

        made: Any = strawberry.mutation(
            resolve, graphql_type=resolver.__annotations__["return"] | None, description=description,
            directives=directives, metadata=metadata,
        )  # fmt: skip
        for argument in made.base_resolver.arguments:
            argument.description = MEANING
        return cast("F", made)

    return field


def object_key(given: dict[str, Any]) -> Key:
    """Take which object to change, and its expected version, out of an input's values."""
    return Key(given.pop("id"), given.pop("expected_version", None))


# A resolver returns the row, or with further fields of its payload a tuple of the row and their values.
Create = Callable[[Context, InputValues], Coroutine[Any, Any, Any]]
Change = Callable[[Context, Key, InputValues], Coroutine[Any, Any, Any]]
# What a resolver refuses of an input by itself, without a look at the data.
InputCheck = Callable[[Context, InputValues], Iterable[Refusal]]
# A field of a payload: its type and its description.
Shown = tuple[Any, str]


def _nothing(_ctx: Context, _values: InputValues) -> Iterable[Refusal]:
    return ()


@dataclass(frozen=True, slots=True)
class MutationRules:
    """What holds for a mutation beside its resource, as for ``creates``."""

    check: InputCheck = _nothing
    cost: int = MUTATION_COST
    needed: RequirementsOf | None = None
    clients: ClientInput | None = None
    reserved: Reserved = STAFF_ONLY


_USUAL = MutationRules()


def creates(
    type_: type[Any], input_: type[Any], create: Create, description: str, *,
    check: InputCheck = _nothing, cost: int = MUTATION_COST, needed: RequirementsOf | None = None,
    clients: ClientInput | None = None, reserved: Reserved = STAFF_ONLY, **fields: Shown,
) -> Any:  # fmt: skip
    """Return a mutation that creates an object of a type; its payload has the object, and further ``fields``.

    ``check`` returns what ``create`` refuses by itself, so that it is reported together with what is out of bounds.
    ``needed`` returns what its arguments need; ``clients`` is what clients may give, where it is open to them.
    """
    returns = f"The created {RESOURCE_TYPES[type_].label}."
    rules = MutationRules(check, cost, needed, clients, reserved)
    return _returns(type_, input_, create, description, returns, fields, rules)


def updates(
    type_: type[Any], input_: type[Any], change: Change, description: str, *,
    returns: str | None = None, check: InputCheck = _nothing, clients: ClientInput | None = None,
    reserved: Reserved = STAFF_ONLY, **fields: Shown,
) -> Any:  # fmt: skip
    """Return a mutation that changes the object of the input's ``id``; its payload has an object of the type, and
    further ``fields``. The rest is as for ``creates``."""

    async def run(ctx: Context, given: InputValues) -> Any:
        values = dict(given)
        return await change(ctx, object_key(values), values)

    shown = returns or f"The updated {RESOURCE_TYPES[type_].label}."
    rules = MutationRules(check, clients=clients, reserved=reserved)
    return _returns(type_, input_, run, description, shown, fields, rules)


def sets(type_: type[Any], input_: type[Any], change: Create, description: str) -> Any:
    """Return a mutation that changes the organization's one object of a type, which has no id."""
    return _returns(type_, input_, change, description, f"The updated {RESOURCE_TYPES[type_].labels}.", {})


def acts_on(
    type_: type[Any], input_: type[Any], act: Callable[[Context, Key], Coroutine[Any, Any, Any]], description: str, *,
    returns: str | None = None, reserved: Reserved = STAFF_ONLY, **fields: Shown,
) -> Any:  # fmt: skip
    """Return a mutation that acts on the object of the input's ``id``, as ``updates``."""

    async def run(ctx: Context, given: InputValues) -> Any:
        return await act(ctx, object_key(dict(given)))

    shown = returns or f"The updated {RESOURCE_TYPES[type_].label}."
    return _returns(type_, input_, run, description, shown, fields, MutationRules(reserved=reserved))


def _returns(
    type_: type[Any], input_: type[Any], run: Create, description: str, returns: str, fields: dict[str, Shown],
    rules: MutationRules = _USUAL,
) -> Any:  # fmt: skip
    resource = RESOURCE_TYPES[type_]
    payload = payload_of(input_.__name__.removesuffix("Input"), **{resource.singular: (type_, returns)}, **fields)

    async def resolve(ctx: Context, given: InputValues) -> dict[str, Any]:
        row = await run(ctx, given)
        return dict(zip([resource.singular, *fields], row if fields else [row], strict=True))

    return field_of(resource, description, input_, payload, resolve, rules)


def deletes(
    type_: type[Any], remove: Callable[[Context, Key], Coroutine[Any, Any, Row | None]], description: str, *,
    keeps: str | None = None,
) -> Any:  # fmt: skip
    """Return a mutation that deletes the object of the input's ``id``; its payload is that id.

    ``keeps`` describes the object in the payload, for a ``remove`` that returns one where it keeps it instead.
    """
    resource = RESOURCE_TYPES[type_]
    name = f"Delete{pascal(resource.singular)}"
    id_, label = strawberry.ID, resource.label
    input_: Any = type(f"{name}Input", (UpdateInput,), {"__module__": __name__})
    input_ = input_type(description=f"The {label} to delete.")(input_)
    fields: dict[str, Shown] = {"deleted_id": (id_ | None, f"ID of the deleted {label}.")}
    if keeps is not None:
        fields["deleted_id"] = (id_ | None, f"ID of the deleted {label}; null when it was kept.")
        fields[resource.singular] = (type_ | None, keeps)
    payload = payload_of(name, **fields)

    async def run(ctx: Context, given: InputValues) -> dict[str, Any]:
        key = object_key(dict(given))
        kept = await remove(ctx, key)
        found: dict[str, Any] = {"deleted_id": key.id if kept is None else None}
        return found if keeps is None else found | {resource.singular: kept}

    return field_of(resource, description, input_, payload, run)


def tool_for(callers: ToolFor, field: Any) -> Any:
    """Return a mutation that is a tool at most for some callers, fewer than its resource allows."""
    field.metadata = {**field.metadata, "tool_for": callers}
    return field


def payload_of(mutation_name: str, **fields: Shown) -> Any:
    """Return the payload type of a mutation, named in capitals, with its fields' types and descriptions."""
    made = type(
        f"{mutation_name}Payload",
        (),
        {
            "__module__": __name__,
            "__annotations__": {name: type_ for name, (type_, _) in fields.items()},
            **{name: strawberry.field(description=meaning) for name, (_, meaning) in fields.items()},
        },
    )
    return object_type(description=f"Result of {mutation_name[0].lower()}{mutation_name[1:]}.")(made)


def field_of(
    resource: Resource, description: str, input_: Any, payload: Any,
    run: Callable[[Context, InputValues], Coroutine[Any, Any, dict[str, Any]]], rules: MutationRules = _USUAL,
) -> Any:  # fmt: skip
    """Return a mutation whose payload has what ``run`` returns."""

    async def resolve(self: Any, info: Info, input: Any) -> Any:
        return payload(**await run(info.context, values_of(input, partial(rules.check, info.context))))

    resolve.__annotations__ = {"info": Info, "input": input_, "return": payload}
    needed, reserved = rules.needed, cast("Reserved | None", rules.reserved)
    if rules.clients is not None:
        known = frozenset(camel(each.python_name) for each in input_.__strawberry_definition__.fields)
        needed, reserved = replace(rules.clients, known=known).needed, None
    return mutation(resource, cleandoc(description), rules.cost, needed=needed, reserved=reserved)(resolve)


__all__ = [
    "Info",
    "MutationRules",
    "acts_on",
    "creates",
    "deletes",
    "field_of",
    "mutation",
    "object_key",
    "payload_of",
    "sets",
    "tool_for",
    "updates",
]
