"""Documents that nobody thought of, over our graph and the zoo: both executors answer each of them alike."""

from collections import Counter
from random import Random
from typing import Any

import pytest
from graphql import print_schema, validate
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries

from execution import DocumentError, DocumentLimitError, Operation, Serializers, parse_operation
from execution.run.compare import differences
from schema.graph import CORE
from schema.requests.engine import Engine
from schema.requests.results import code_of
from tests.execution.support import FALLBACKS, core, run
from tests.execution.ways import WAYS
from tests.support.graph_documents import FULL, TEXTS, TIMES, GraphWriter, ReusingGraphWriter
from tests.support.heap import leaves_coroutines
from tests.support.studio import LAX, Studio, answered

pytestmark = pytest.mark.usefixtures("settled_heap")

CHUNK = 500


def generated(strategy: st.SearchStrategy[str], count: int) -> list[str]:
    """Documents of a strategy, the same each time."""
    found: list[str] = []
    for start in range(0, count, CHUNK):

        @settings(
            max_examples=min(CHUNK, count - start),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @seed(start)
        @given(strategy)
        def take(text: str) -> None:
            found.append(text)

        take()
    return found


async def held(
    studio: Studio, documents: list[tuple[str, dict[str, Any]]], serializers: Serializers = Serializers.ON
) -> Counter[str]:
    """Run documents through both executors; how many were answered how. Raises AssertionError with what differs."""
    counts: Counter[str] = Counter()
    engine = Engine(LAX, compare=True, serializers=serializers)
    for text, variables in documents:
        try:
            answer, statements = await answered(studio, engine, text, variables)
        except DocumentError as unfit:
            counts[code_of(unfit)] += 1
            continue
        except AssertionError as different:
            raise AssertionError(f"{different}\n{variables}\n{text}") from None
        codes = {error["extensions"]["code"] for error in answer.errors}
        assert codes <= {"BAD_INPUT", "INVALID_CURSOR", "NOT_FOUND"}, f"{answer.errors}\n{text}"
        most = 2 * text.count("{") + text.count("totalCount")
        assert statements <= most, f"{statements} statements\n{text}"
        counts["refused" if answer.data is None else "in part" if answer.errors else "whole"] += 1
    # What falls back is compared with itself.
    assert engine.executor.settings.fallbacks.total() == 0
    return counts


# What generated documents have found, as small as it gets.
FOUND = [
    "{ message(id: $id) { order { id } attachments { name } } }",
    "{ message(id: $id) { order { id } } services { totalCount } }",
    "{ viewer { organization { id name slug defaultCurrency timezone version } } }",
    "{ viewer { organization { timezone } key { id } } }",
    "{ viewer { organization { id @skip(if: true) } } }",
    "{ viewer { key { id } } message(id: $id) { order { id client { name } } } }",
    "{ viewer { key { id } } orders(first: 2) { nodes { service { id } client { id company } } } }",
]


@pytest.mark.parametrize("text", FOUND)
async def test_what_was_found_once(studio: Studio, text: str) -> None:
    found = next(each for each in studio.ids if each.startswith("message_"))
    assert await held(studio, [(text.replace("$id", f'"{found}"'), {})]) == {"whole": 1}


async def test_ids_of_any_type_are_found_by_a_statement_for_each_type(studio: Studio) -> None:
    ids = " ".join(f'"{each}"' for each in studio.ids[:90])
    answer, statements = await answered(studio, Engine(LAX), f"{{ nodes(ids: [{ids}]) {{ id __typename }} }}", {})
    assert [each["id"] for each in answer.data["nodes"]] == studio.ids[:90]
    assert statements == len({each["__typename"] for each in answer.data["nodes"]}) == 6


# graphql-core leaves coroutines unawaited where a null rises past them.
@leaves_coroutines
@pytest.mark.parametrize(
    ("write", "serializers"),
    [(GraphWriter, Serializers.ON), (ReusingGraphWriter, Serializers.ON), (ReusingGraphWriter, Serializers.CHECKED)],
)
async def test_documents_of_our_own_writer_over_our_graph(
    studio: Studio, write: type[GraphWriter], serializers: Serializers
) -> None:
    # Those that are checked are serialized and completed, and raise where our rows are not what their readers promise.
    count = FULL or (150 if serializers is Serializers.ON else 50)
    documents = []
    for number in range(count):
        writer = write(Random(f"graph {number}"), studio.ids, studio.cursors)
        documents.append((writer.document(), writer.variables))
    counts = await held(studio, documents, serializers)
    assert counts["whole"] > count / 2, counts
    assert counts["GRAPHQL_VALIDATION_FAILED"] + counts["TOO_COMPLEX"] < count / 10, counts


@leaves_coroutines
async def test_documents_of_hypothesis_over_our_graph(studio: Studio) -> None:
    scalars: dict[str, Any] = {
        "ID": st.sampled_from(studio.ids).map(nodes.String),
        "DateTime": st.sampled_from(TIMES).map(nodes.String),
        "Currency": st.just("EUR").map(nodes.String),
        "Timezone": st.sampled_from(TEXTS).map(nodes.String),
        "MinorUnits": st.integers(0, 50_000).map(nodes.Int),
        "MicroUnits": st.integers(0, 50_000).map(nodes.Int),
        "JSON": st.just("{}").map(nodes.String),
    }
    count = FULL // 2 or 25
    strategy = queries(print_schema(CORE), custom_scalars=scalars, allow_null=False)
    counts = await held(studio, [(text, {}) for text in generated(strategy, count)])
    assert counts.total() == count
    assert counts["whole"] > count / 4, counts


@leaves_coroutines
@pytest.mark.parametrize("way", WAYS)
async def test_documents_of_hypothesis_over_the_zoo(way: str) -> None:
    schema, fields, exact = WAYS[way]
    count = FULL // 8 or 20
    strategy = queries(print_schema(schema), custom_scalars={"Odd": st.just(nodes.Int(1))}, allow_null=False)
    answers, before = 0, FALLBACKS.total()
    for text in generated(strategy, count):
        operation = fit(text)
        if operation is not None:
            assert validate(schema, operation.document) == [], text
            ours = await run(schema, operation, {}, fields, root={"value": "v"})
            theirs = await core(schema, operation, {}, root={"value": "v"})
            assert differences(ours, theirs, exact=exact) == [], text
            answers += 1
    assert (answers > count / 2, FALLBACKS.total()) == (True, before)


def fit(text: str) -> Operation | None:
    """A document's operation, None when it came out larger than is allowed."""
    try:
        return parse_operation(text, None)
    except DocumentLimitError:
        return None
