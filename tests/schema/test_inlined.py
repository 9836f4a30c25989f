"""Fragments are a way of writing: a document answers as it does with each of them written out where it is spread.

Neither answer is graphql-core's, which shares our loaders; and a loader that mistakes one parent's question for
another's does so only where two parents share a node of the document.
"""

import json
from collections import Counter
from random import Random
from typing import Any

import pytest
from graphql import validate

from execution import DocumentError, DocumentLimitError, Operation, parse_operation
from resolvers import organizations
from resolvers.errors import Refusal
from schema.requests.engine import Engine
from schema.requests.prepared import Prepared
from schema.requests.results import code_of
from tests.execution.inlined import inlined
from tests.execution.support import run
from tests.execution.ways import COUNT, RESTLESS, WAYS
from tests.execution.zoo_documents import VARIABLES, ReusingWriter, Writer
from tests.support.graph_documents import FULL, GraphWriter, ReusingGraphWriter
from tests.support.heap import leaves_coroutines
from tests.support.studio import LAX, Studio, answered

# Written out, a document of doubled fragments has no end.
LARGEST = 1_500


def comparable(answer: Any) -> tuple[str, list[str]]:
    """An answer as it can be compared."""
    errors = [[each["message"], each["path"], each["extensions"]["code"]] for each in answer.errors]
    return json.dumps(answer.data), sorted(json.dumps(each) for each in errors)


async def without_fragments(studio: Studio, engine: Engine, prepared: Prepared) -> tuple[Any, int]:
    """The answer to a document without its fragments, and the statements that it took."""
    operation = inlined(prepared.operation)
    ctx = organizations.command_line(studio.runtime, studio.org_id)
    measure = engine.executor.cost(operation, prepared.variables).analysis
    return await engine.run(ctx, Prepared(operation, prepared.variables, measure)), ctx.statements


async def alike(studio: Studio, documents: list[tuple[str, dict[str, Any]]]) -> Counter[str]:
    """Run documents with and without fragments; how many were answered how. Raises AssertionError for a difference."""
    found: Counter[str] = Counter()
    engine = Engine(LAX)
    for text, variables in documents:
        try:
            prepared = engine.measure(text, None, variables)
            if prepared.measure.expanded > LARGEST:
                found["large"] += 1
                continue
            engine.validate(prepared, None)
        except DocumentError as unfit:
            found[code_of(unfit)] += 1
            continue
        except Refusal as refused:
            found[refused.code] += 1
            continue
        answer, statements = await answered(studio, engine, text, variables)
        other, more = await without_fragments(studio, engine, prepared)
        assert comparable(answer) == comparable(other), f"{variables}\n{text}"
        if statements > more:
            # What is kept for a while, as settings are, may have been read by the first alone.
            _, statements = await answered(studio, engine, text, variables)
        assert statements <= more, text
        found["refused" if answer.data is None else "in part" if answer.errors else "whole"] += 1
    return found


REUSED = {
    "counts of one list": "{ a: orders(first: 1) { ...T }"
    " b: orders(first: 1, filter: {status: {eq: COMPLETED}}) { ...T } } fragment T on OrderConnection { totalCount }",
    "counts below many parents":
    "{ orders(first: 9) { nodes { client { orders { ...T } } service { orders { ...T } } } } }"
    " fragment T on OrderConnection { totalCount nodes { id } }",
    "counts below nodes": "{ nodes(ids: $ids) { ...on Client { orders { ...T } } ... on Service { orders { ...T } }"
    " ... on Order { messages { ...M } } } orders { ...T } }"
    " fragment T on OrderConnection { totalCount } fragment M on MessageConnection { totalCount }",
    "counts of filters that differ in a value": "{ a: orders(filter: {number: {gt: 5}}) { ...T } b: orders(filter:"
    " {number: {gt: 100}}) { ...T } c: orders(filter: {number: {gt: 5}}, last: 1) { ...T } }"
    " fragment T on OrderConnection { totalCount }",
    "pages that differ": "{ a: clients(first: 2) { ...P } b: clients(last: 2) { ...P } c: clients(page: 2, first: 3)"
    " { ...P } d: clients(orderBy: [{field: NAME}]) { ...P } }"
    " fragment P on ClientConnection { totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    " edges { cursor node { orders(first: 1) { ...O } } } }"
    " fragment O on OrderConnection { totalCount pageInfo { hasNextPage endCursor } edges { cursor node { id } } }",
    "what two fields read together, of nodes that share a fragment":
    "{ auditEntries { edges { a: node { sequence ...S } b: node { ...S } } } } fragment S on AuditEntry { seal }",
    "the viewer twice": "{ a: viewer { ...V } b: viewer { ...V } } fragment V on Viewer { organization { name } }",
}  # fmt: skip


@pytest.mark.parametrize("name", REUSED)
async def test_a_fragment_in_several_places_answers_for_each(studio: Studio, name: str) -> None:
    ids = " ".join(f'"{each}"' for each in studio.ids[:60])
    assert await alike(studio, [(REUSED[name].replace("$ids", f"[{ids}]"), {})]) == {"whole": 1}


async def test_counts_are_of_their_own_lists(studio: Studio) -> None:
    answer, statements = await answered(studio, Engine(LAX), REUSED["counts of one list"], {})
    every, done = (answer.data[key]["totalCount"] for key in "ab")
    alone = "{ orders(first: 1, filter: {status: {eq: COMPLETED}}) { totalCount } }"
    assert done == (await answered(studio, Engine(LAX), alone, {}))[0].data["orders"]["totalCount"]
    assert 0 < done < every == 200
    # Of equal lists, one statement counts all.
    same = REUSED["counts of one list"].replace(", filter: {status: {eq: COMPLETED}}", "")
    assert (statements, (await answered(studio, Engine(LAX), same, {}))[1]) == (2, 1)


def documents(studio: Studio, writer: type[GraphWriter], count: int) -> list[tuple[str, dict[str, Any]]]:
    """Documents of a writer, the same each time."""
    made = []
    for number in range(count):
        one = writer(Random(f"fragments {number}"), studio.ids, studio.cursors)
        made.append((one.document(), one.variables))
    return made


# A weak reference's callback may run where a document that is too deep has used the stack up.
@pytest.mark.filterwarnings("ignore:.*_collection_gced:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("writer", [GraphWriter, ReusingGraphWriter])
async def test_documents_over_our_graph(studio: Studio, writer: type[GraphWriter]) -> None:
    count = FULL or 100
    made = documents(studio, writer, count)
    found = await alike(studio, made)
    assert found["whole"] + found["in part"] > count / 2, found
    if writer is ReusingGraphWriter:
        assert sum(text.count("...F") > 2 * text.count("fragment F") for text, _ in made) > count / 4


@leaves_coroutines
@pytest.mark.parametrize("writer", [Writer, ReusingWriter])
async def test_documents_over_the_zoo(writer: type[Writer]) -> None:
    _, fields, _ = WAYS["async batched"]
    count = min(COUNT, FULL or 150)
    seed = valid = 0
    while valid < count:
        seed += 1
        operation = written(writer, seed)
        if operation is None or validate(RESTLESS, operation.document):
            continue
        valid += 1
        other = inlined(operation)
        for chosen in (VARIABLES, {"yes": False, "no": True}):
            ours = await run(RESTLESS, operation, chosen, fields, root={"value": "v"})
            theirs = await run(RESTLESS, other, chosen, fields, root={"value": "v"})
            assert json.dumps(ours.data, default=repr) == json.dumps(theirs.data, default=repr), operation.text
            errors = [sorted((each.message, str(each.path)) for each in one.errors or ()) for one in (ours, theirs)]
            assert errors[0] == errors[1], operation.text
    assert seed < 4 * count, "most documents are valid"


def written(writer: type[Writer], seed: int) -> Operation | None:
    """A document over the zoo, None when it came out larger than is allowed."""
    try:
        made = parse_operation(writer(RESTLESS, Random(f"zoo {seed}")).document(), None)
    except DocumentLimitError:
        return None
    return made if len(made.text) < LARGEST else None
