"""Whatever a Strawberry user can write is answered as Strawberry and graphql-core answer it."""

from enum import Enum
from typing import Annotated, Any

import pytest
import strawberry
from graphql import ExecutionResult, GraphQLError, validate

from execution import BatchField, ReadField, ResolverField, parse_operation
from execution.run.compare import differences
from schema.declaration.fields import argument, batched, computed
from schema.rules.planned import fields_of_schema
from tests.execution.support import core, run
from tests.support.context import Ctx


@strawberry.enum
class Size(Enum):
    """A size."""

    SMALL = "s"
    LARGE = "l"


NEITHER: Any = "neither"


@strawberry.input
class Wish:
    """What is wished for."""

    size: Size = Size.SMALL
    words: list[str] = strawberry.field(default_factory=list)


@strawberry.interface
class Thing:
    """A thing."""

    name: str


async def _many(ctx: Ctx, parents: list[Any], args: Any) -> list[Any]:
    ctx.calls.append((len(parents), args.columns, dict(args.values)))
    return [ValueError("no box") if parent.name == "b" else Box(name=parent.name * 2) for parent in parents]


@strawberry.type
class Box(Thing):
    """A box."""

    size: Size | None = Size.LARGE
    wrong: Size = NEITHER
    length: int = computed(lambda box: len(box.name), "name", description="Its name's length.")
    inner: "Box | None" = batched(
        _many, "name", description="A box in it.", arguments=lambda: [argument("wish", Wish | None, "A wish.")]
    )

    @strawberry.field
    def by_self(self, wish: Wish) -> str:
        """Of itself and an argument."""
        return f"{self.name} {wish.size} {wish.words}"

    @strawberry.field
    async def later(self, info: strawberry.Info) -> list[str | None]:
        """Awaited, and told of where it stands."""
        return [self.name, None, ".".join(map(str, info.path.as_list()))]

    @strawberry.field
    def raises(self) -> int | None:
        """Raises."""
        raise GraphQLError("It is so.", extensions={"code": "SO"})

    @strawberry.field
    def constant() -> str:
        """Asks for nothing."""
        return "c"


@strawberry.type
class Bag(Thing):
    """A bag."""

    things: list[Thing | None]


@strawberry.type
class Query:
    """The root."""

    @strawberry.field
    def things(self) -> list[Thing]:
        """Things of both types."""
        boxes: list[Thing | None] = [Box(name="a"), None, Box(name="b")]
        return [Box(name="c"), Bag(name="d", things=boxes), Box(name="e")]

    @strawberry.field
    def either(self, bag: bool = False) -> Annotated[Box | Bag, strawberry.union("Either")]:
        """One or the other."""
        return Bag(name="g", things=[]) if bag else Box(name="x")


SCHEMA = strawberry.Schema(Query)
CORE = SCHEMA._schema
FIELDS = CORE.extensions["fields"] = fields_of_schema(SCHEMA, {})

DOCUMENTS = [
    "{ things { __typename name ... on Box { size length constant bySelf(wish: {}) } ... on Bag { name } } }",
    "{ things { ... on Box { inner { name inner { length } } } ... on Bag { things { ...F } } } }"
    " fragment F on Box { inner { name } }",
    '{ things { ... on Box { bySelf(wish: {size: LARGE, words: ["x"]}) later raises } } }',
    "{ either { ... on Box { name inner(wish: {size: LARGE}) { later } } } bag: either(bag: true) { __typename } }",
    "{ either { ... on Box { name wrong } } }",
    "query($wish: Wish!) { either { ... on Box { bySelf(wish: $wish) inner(wish: $wish) { name } } } }",
]


@pytest.mark.parametrize("text", DOCUMENTS)
async def test_strawberry_schemas_are_answered_alike(text: str) -> None:
    operation = parse_operation(text, None)
    assert validate(CORE, operation.document) == []
    given = {"wish": {"words": ["w"]}} if "$wish" in text else {}
    mine, other = Ctx(), Ctx()
    ours = await run(CORE, operation, given, FIELDS, context=mine)
    theirs = await core(CORE, operation, given, context=other)
    assert differences(ours, theirs) == []
    assert [error.extensions for error in ours.errors or ()] == [error.extensions for error in theirs.errors or ()]
    assert sorted(map(repr, mine.calls)) == sorted(map(repr, other.calls))


async def test_what_a_batched_field_is_given() -> None:
    ctx = Ctx()
    text = "{ things { ... on Box { inner(wish: {size: LARGE}) { length } } } }"
    answer = await run(CORE, parse_operation(text, None), {}, FIELDS, context=ctx)
    assert answer.data == {"things": [{"inner": {"length": 2}}, {}, {"inner": {"length": 2}}]}
    assert ctx.calls == [(2, ("name",), {"wish": {"size": Size.LARGE, "words": []}})]


def test_each_field_is_got_in_the_cheapest_way_that_is_right() -> None:
    box: Any = CORE.type_map["Box"]
    kinds = {name: type(FIELDS(box, name, field)) for name, field in box.fields.items()}
    assert kinds == {
        "name": ReadField,
        "size": ReadField,
        "wrong": ReadField,
        "length": ReadField,
        "constant": ReadField,
        "inner": BatchField,
        "bySelf": ResolverField,
        "later": ResolverField,
        "raises": ResolverField,
    }


@pytest.mark.parametrize(
    ("ours", "exact", "same"),
    [
        (ExecutionResult({"a": 1, "b": None}, [GraphQLError("x", path=["b", "c"])]), True, True),
        (ExecutionResult({"b": None, "a": 1}, [GraphQLError("x", path=["b", "c"])]), False, False),
        (ExecutionResult({"a": 2, "b": None}, [GraphQLError("x", path=["b", "c"])]), False, False),
        (ExecutionResult({"a": 1, "b": None}, [GraphQLError("y", path=["b", "d"])]), True, False),
        (ExecutionResult({"a": 1, "b": None}, [GraphQLError("y", path=["b", "d"])]), False, True),
        (ExecutionResult({"a": 1, "b": None}, None), False, False),
    ],
)
def test_answers_that_differ_are_told_apart(ours: ExecutionResult, exact: bool, same: bool) -> None:
    theirs = ExecutionResult({"a": 1, "b": None}, [GraphQLError("x", path=["b", "c"])])
    assert (differences(ours, theirs, exact=exact) == []) is same
