"""The breadth-first executor held against graphql-core's: the same data, errors, paths and order of keys."""

import gc
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLSchema, validate

from execution import (
    RESOLVER_FIELD,
    Args,
    BatchField,
    DocumentLimitError,
    FieldKinds,
    Operation,
    parse_operation,
    resolver_fields,
)
from execution.plan.compiler import MAX_PLANS
from execution.run.compare import differences
from tests.execution.support import FALLBACKS, core, run
from tests.execution.ways import CALM, COUNT, RESTLESS, WAYS
from tests.execution.zoo import batched
from tests.execution.zoo_documents import VARIABLES, Writer
from tests.support.heap import leaves_coroutines


async def compared(schema: GraphQLSchema, text: str, fields: FieldKinds, exact: bool = True, **variables: Any) -> Any:
    """The answer to a document, the same from both executors."""
    operation = parse_operation(text, None)
    assert validate(schema, operation.document) == []
    ours = await run(schema, operation, variables, fields, root={"value": "v"})
    theirs = await core(schema, operation, variables, root={"value": "v"})
    assert differences(ours, theirs, exact=exact) == [], text
    return ours


def documents(schema: GraphQLSchema, name: str, count: int) -> Iterator[tuple[str, Operation]]:
    """Valid documents at random, always the same under one name."""
    seed = valid = 0
    while valid < count:
        seed += 1
        operation = written(schema, f"{name} {seed}")
        if operation is not None and not validate(schema, operation.document):
            valid += 1
            yield f"{seed}: {operation.text}", operation
    assert seed < 4 * count, "most documents are valid"


def written(schema: GraphQLSchema, seed: str) -> Operation | None:
    """A document, None when it came out larger than is allowed."""
    try:
        return parse_operation(Writer(schema, Random(seed)).document(), None)
    except DocumentLimitError:
        return None


# graphql-core leaves coroutines unawaited where a null rises past them; ours are watched in the test below.
@leaves_coroutines
@pytest.mark.parametrize("ways", [("sync", "sync batched"), ("async", "async batched")], ids=["sync", "async"])
async def test_documents_at_random_are_answered_alike(ways: tuple[str, str]) -> None:
    schema, _, exact = WAYS[ways[0]]
    before = FALLBACKS.total()
    for document, operation in documents(schema, ways[0], COUNT):
        # Both choices of the conditions, by one operation: a plan must not serve another's choice, nor another way's.
        for chosen in (VARIABLES, {"yes": False, "no": True}):
            theirs = await core(schema, operation, chosen, root={"value": "v"})
            for way in ways:
                ours = await run(schema, operation, chosen, WAYS[way][1], root={"value": "v"})
                assert differences(ours, theirs, exact=exact) == [], f"{way}: {document}"
    assert FALLBACKS.total() == before


async def test_nothing_is_left_unawaited() -> None:
    failed = 0
    for _, operation in documents(RESTLESS, "awaited", 100):
        answer = await run(RESTLESS, operation, VARIABLES, resolver_fields, root={"value": "v"})
        failed += answer.errors is not None
    # A coroutine that was dropped warns when it is collected, and a warning is an error.
    gc.collect()
    assert failed > 20


async def test_a_null_rises_to_the_nearest_place_that_allows_it() -> None:
    text = "{ animal { dog { textN(how: RAISE) } plain } dogN { countN(how: WRONG) } }"
    risen = await compared(CALM, text, resolver_fields)
    assert risen.data is None
    assert [(error.message, error.path) for error in risen.errors] == [
        ("It raised.", ["animal", "dog", "textN"]),
        ("Int cannot represent non 32-bit signed integer value: 1099511627776", ["dogN", "countN"]),
    ]
    lists = await compared(CALM, "{ dogL { colorLNLN(how: ITEM_NULL) textLN(how: ITEM_NULL) path } }", resolver_fields)
    assert lists.data["dogL"][1] == {"colorLNLN": None, "textLN": None, "path": "['dogL', 1, 'path']"}


async def test_merged_fields_are_one_and_keep_their_place() -> None:
    text = """{ a: dog { plain } b: __typename ...F a: dog { value: text } }
      fragment F on Query { a: dog { plain name: key } c: plain }"""
    assert (await compared(CALM, text, batched)).data == {
        "a": {"plain": "p", "value": "ä", "name": "12"},
        "b": "Query",
        "c": "p",
    }


@pytest.mark.parametrize("species", ["Dog", "Cat", "Late", "Nobody", "Query", "Missing", "Color", "Sync"])
@pytest.mark.parametrize("schema", [CALM, RESTLESS], ids=["sync", "async"])
async def test_abstract_values_have_the_type_they_say_or_none(schema: GraphQLSchema, species: str) -> None:
    text = (
        f"{{ animal(species: {species}) {{ __typename }} petL(species: {species}) {{ ... on Cat {{ plain path }} }} }}"
    )
    answer = await compared(schema, text, resolver_fields)
    named = {"Dog": "Dog", "Cat": "Cat", "Late": "Cat"}.get(species)
    assert answer.data["animal"] == (None if named is None else {"__typename": named})
    assert len(answer.errors or ()) == (0 if named else 3)


async def test_a_mutation_ends_at_the_first_failure_that_rises() -> None:
    met: list[str] = []

    async def seen(ctx: Any, parents: list[Any], args: Any) -> list[Any]:
        met.append(args.values["how"])
        return [ValueError("no") if args.values["how"] == "NULL" else 1 for _ in parents]

    text = "mutation { a: countN(how: OK) b: countN(how: NULL) c: countN(how: TUPLE) }"
    kind = BatchField(seen, lambda arguments: arguments)
    operation = parse_operation(text, None)
    answer = await run(CALM, operation, {}, lambda *_: kind)
    assert (answer.data, met) == (None, ["OK", "NULL"])
    assert [(error.message, error.path) for error in answer.errors or ()] == [("no", ["b"])]
    only = await run(CALM, operation, {}, lambda *_: kind, only="c")
    assert (only.data, only.errors, met) == ({"c": 1}, None, ["OK", "NULL", "TUPLE"])


async def test_a_batched_field_is_called_once_for_a_level() -> None:
    calls: list[tuple[str, int]] = []

    def counted(type_: Any, name: str, field: Any) -> Any:
        kind = batched(type_, name, field)
        if not isinstance(kind, BatchField):
            return kind

        async def resolve(ctx: Any, parents: list[Any], args: Args) -> Any:
            calls.append((name, len(parents)))
            return await kind.resolve(ctx, parents, args)

        return BatchField(resolve, kind.arguments)

    text = "{ dogL { dogLN { key text } ...F } cat { ...F } } fragment F on Animal { count }"
    await run(CALM, parse_operation(text, None), {}, counted)
    assert calls == [("dogL", 1), ("cat", 1), ("dogLN", 2), ("count", 2), ("count", 1), ("key", 4), ("text", 4)]


@pytest.mark.parametrize(("values", "message"), [([1, 2], "Query.count gave 2 values for 1 parents."), (None, "")])
async def test_a_batch_of_another_length_fails_for_every_parent(values: Any, message: str) -> None:
    async def wrong(ctx: Any, parents: list[Any], args: Any) -> Any:
        return values

    kind = BatchField(wrong, lambda arguments: arguments)
    answer = await run(
        CALM,
        parse_operation("{ count plain }", None),
        {},
        lambda _, name, __: kind if name == "count" else RESOLVER_FIELD,
    )
    assert answer.data == {"count": None, "plain": "p"}
    assert [error.path for error in answer.errors or ()] == [["count"]]
    assert message in (answer.errors or [GraphQLError("")])[0].message


@pytest.mark.parametrize(
    ("text", "reason"),
    [("{ __schema { queryType { name } } }", "introspection"), ('{ __type(name: "Dog") { name } }', "introspection")],
)
async def test_what_no_plan_covers_is_left_to_the_other_executor(text: str, reason: str) -> None:
    before = FALLBACKS[reason]
    answer = await compared(CALM, text, resolver_fields)
    assert answer.errors is None
    assert FALLBACKS[reason] == before + 1


async def test_wrong_variables_are_told_alike_and_run_nothing() -> None:
    text = "query($how: How!, $shown: Boolean = true) { count(how: $how) plain @include(if: $shown) }"
    missing = await compared(CALM, text, resolver_fields)
    assert (missing.data, len(missing.errors)) == (None, 1)
    await compared(CALM, text, resolver_fields, how="NONE")
    await compared(CALM, text, resolver_fields, how="OK", shown=None)


async def test_plans_are_made_once_for_each_choice_and_no_more_than_some_are_kept() -> None:
    names = [f"v{index}" for index in range(5)]
    head = ", ".join(f"${name}: Boolean!" for name in names)
    body = " ".join(f"{name}: plain @include(if: ${name})" for name in names)
    operation = parse_operation(f"query({head}) {{ {body} }}", None)
    chosen: dict[str, bool] = {}
    for number in range(32):
        chosen = {name: bool(number >> index & 1) for index, name in enumerate(names)}
        answer = await run(CALM, operation, chosen, resolver_fields)
        assert answer.data == {name: "p" for name in names if chosen[name]}
    assert len(operation.plans) <= MAX_PLANS
    kept = dict(operation.plans)
    await run(CALM, operation, chosen, resolver_fields)
    assert operation.plans == kept
