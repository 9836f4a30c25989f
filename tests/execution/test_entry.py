"""The executor's one entry: prepare, cost, run, compare and serialize, over a schema that is not ours."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from graphql import build_schema

from execution import (
    BatchField,
    ColumnReader,
    DocumentError,
    DocumentLimitError,
    DocumentSyntaxError,
    DocumentValidationError,
    Executor,
    FieldRule,
    Limits,
    ReadField,
    Serializers,
    introspection_rules,
)
from tests.execution.support import batch, kinds, no_arguments

SCHEMA = build_schema(
    """type Query { shops(size: Int = 2): Shops shop(id: ID): Shop }
       type Mutation { open: Shop close: Shop! }
       type Shops { nodes: [Shop!]! total: Int }
       type Shop { name: String note: String shops(size: Int): Shops }"""
)


def size_of(arguments: Mapping[str, Any]) -> int:
    """Return how many shops are asked for."""
    size = arguments.get("size", 2)
    return size if isinstance(size, int) else 0


RULES = introspection_rules(SCHEMA) | {
    ("Query", "shops"): FieldRule(cost=1, requirement="shops", multiplier=size_of, multiplied_by=("size",)),
    ("Shop", "shops"): FieldRule(cost=1, multiplier=size_of, multiplied_by=("size",), price=lambda *_: 3, filters=()),
    ("Shops", "nodes"): FieldRule(cost=1),
    ("Shops", "total"): FieldRule(charges=(5, 2)),
    ("Query", "shop"): FieldRule(unrestricted=True),
}


def test_a_document_is_prepared_once() -> None:
    executor = Executor(SCHEMA)
    text = "query A { shop { name } } query B { shop { note } }"
    one = executor.prepare(text, "A")
    assert executor.prepare(text, "A") is one
    assert executor.find(text, "A") is one
    assert executor.prepare(text, "B") is not one
    assert len(executor.documents) == 2


def test_no_more_documents_are_kept_than_were_asked_for() -> None:
    executor = Executor(SCHEMA, documents=2)
    made = [executor.prepare(f"{{ a{n}: shop {{ name }} }}") for n in range(3)]
    assert len(executor.documents) == 2
    assert executor.prepare(made[2].text) is made[2]
    assert executor.prepare(made[0].text) is not made[0]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{ shop {", DocumentSyntaxError),
        ("{ shop { nme } }", DocumentValidationError),
        ("{ shop { name } }", DocumentValidationError),
        ("{ " + "shop { shops { nodes { " * 30 + "name" + " } } }" * 30 + " }", DocumentLimitError),
    ],
)
def test_a_document_that_cannot_run_is_refused_by_its_kind_of_error(text: str, error: type[DocumentError]) -> None:
    executor = Executor(SCHEMA)
    with pytest.raises(error) as refused:
        executor.prepare(text, "A" if text == "{ shop { name } }" else None)
    assert [each.message for each in refused.value.errors] == [str(refused.value)]
    assert len(executor.documents) == 0


def test_suggestions_can_be_hidden() -> None:
    for hidden in (False, True):
        with pytest.raises(DocumentValidationError) as refused:
            Executor(SCHEMA, hide_suggestions=hidden).prepare("{ shop { nme } }")
        assert ("name" in str(refused.value)) is not hidden


def test_the_cost_is_counted_by_the_rules_and_the_variables() -> None:
    executor = Executor(SCHEMA, rules=RULES, limits=Limits(cost=20))
    operation = executor.prepare("query($n: Int) { a: shops(size: $n) { nodes { shops(size: 2) { total } } } }")

    def cost(size: int) -> int:
        return 1 + size * (1 + (1 + 3 + 5 + 2 * 3))

    for size in (1, 2, 1):
        found = executor.cost(operation, {"n": size})
        assert found.analysis.cost == cost(size)
        assert (found.excess is None) is (cost(size) <= 20)
        assert found.analysis.requirements == {"shops": ("a",)}
    assert executor.cost(operation, {"n": 1}).cached
    assert executor.cost(operation, {"n": 2}).excess == "The operation costs 33; 20 is allowed. Ask for smaller pages."
    assert executor.cost(executor.prepare("{ shop { name } }")).analysis.unrestricted


def test_the_cost_of_each_object_is_multiplied_where_a_rule_says_so() -> None:
    rule = FieldRule(cost=3, cost_each=True, multiplier=size_of, multiplied_by=("size",))
    operation = Executor(SCHEMA).prepare("{ shops(size: 4) { nodes { name } } }")
    for each, expected in ((True, 4 * 3 + 4), (False, 3 + 4)):
        rules = {
            ("Query", "shops"): rule if each else FieldRule(cost=3, multiplier=size_of, multiplied_by=("size",)),
            ("Shops", "nodes"): FieldRule(cost=1),
        }
        assert Executor(SCHEMA, rules=rules).cost(operation).analysis.cost == expected


async def test_a_mutation_runs_whole_or_one_root_field_at_a_time() -> None:
    fields = kinds(open=batch(lambda parents: [{"name": "o"}]), close=batch(lambda parents: [None]))
    executor = Executor(SCHEMA, fields=fields)
    operation = executor.prepare("mutation { a: open { name } b: close { name } }")
    whole = await executor.run(operation)
    assert (whole.data, [error.path for error in whole.errors or ()]) == (None, [["b"]])
    assert (await executor.run(operation, only="a")).data == {"a": {"name": "o"}}
    assert (await executor.run(operation, only="c")).data == {}


async def test_what_graphql_core_runs_is_counted_where_the_caller_wants_it() -> None:
    counted: Counter[str] = Counter()
    executor = Executor(SCHEMA, fallbacks=counted)
    operation = executor.prepare("{ __schema { queryType { name } } }")
    assert not executor.is_planned(operation, {})
    answer = await executor.run(operation)
    assert (answer.data, answer.cost) == ({"__schema": {"queryType": {"name": "Query"}}}, None)
    assert counted == {"introspection": 1}
    assert executor.is_planned(operation, {})


async def test_an_answer_is_compared_with_graphql_core_s() -> None:
    root = {"shop": {"name": "root"}}
    executor = Executor(SCHEMA, fields=kinds(shop=batch(lambda parents: [{"name": "batch"} for _ in parents])))
    operation = executor.prepare("{ shop { name } }")
    assert await executor.compare(operation, root={"shop": {"name": "batch"}}) == []
    (found,) = await executor.compare(operation, root=root)
    assert found == 'data: {"shop": {"name": "batch"}} != {"shop": {"name": "root"}}'
    ours = await executor.run(operation, root=root)
    assert len(await executor.compare(operation, root=root, ours=ours)) == 1


async def test_wrong_variables_are_reported_and_nothing_runs() -> None:
    calls: list[Any] = []
    executor = Executor(SCHEMA, fields=kinds(shops=batch(calls.append)))
    operation = executor.prepare("query($n: Int) { shops(size: $n) { total } }")
    answer = await executor.run(operation, {"n": "two"})
    assert (answer.data, len(answer.errors or ()), calls) == (None, 1, [])
    found = executor.variables(operation, {"n": "two"})
    assert isinstance(found, list)
    assert not isinstance(executor.variables(operation, {"n": 2}), list)


def test_a_row_is_serialized_as_an_operation_shows_it() -> None:
    def read(name: str) -> ReadField:
        return ReadField(
            lambda parent: parent[name], lambda parents: [row[name] for row in parents], ColumnReader(name, null=True)
        )

    async def load(_context: Any, parents: list[Any], _args: Any) -> list[Any]:
        return [None for _ in parents]

    fields = kinds(name=read("name"), note=read("note"), shop=BatchField(load, no_arguments, trusted=True))
    executor = Executor(SCHEMA, fields=fields, serializers=Serializers.ON)
    shown = executor.serializer(executor.prepare("{ shop { note title: name __typename } }"))
    assert shown({"name": "n", "note": None, "more": 1}) == {"note": None, "title": "n", "__typename": "Shop"}
    for text in ("{ shop { name shops { total } } }", "{ a: shop { name } b: shop { name } }", "{ __typename }"):
        with pytest.raises(ValueError, match=r"is no column|no object"):
            executor.serializer(executor.prepare(text))
