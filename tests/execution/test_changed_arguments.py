"""Arguments that a resolver changes: those of another object's call are as they were asked."""

from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
)

from execution import parse_operation
from execution.run.compare import differences
from tests.execution.support import core, run

CONDITION = GraphQLInputObjectType("Condition", {"numbers": GraphQLInputField(GraphQLList(GraphQLInt))})


def changed(_root: Any, _info: Any, numbers: list[int] | None = None, condition: dict[str, Any] | None = None) -> int:
    """Add to what is given, and return how many there are then."""
    if condition is not None:
        condition["times"] = condition.get("times", 0) + 1
        return int(condition["times"])
    assert numbers is not None
    numbers.append(9)
    return len(numbers)


ARGUMENTS = {"numbers": GraphQLArgument(GraphQLList(GraphQLInt)), "condition": GraphQLArgument(CONDITION)}
ITEM = GraphQLObjectType("Item", {"count": GraphQLField(GraphQLInt, ARGUMENTS, resolve=changed)})
ITEMS = GraphQLField(GraphQLList(ITEM), resolve=lambda *_: [{}, {}, {}])
SCHEMA = GraphQLSchema(GraphQLObjectType("Query", {"items": ITEMS}))


@pytest.mark.parametrize(
    ("text", "variables", "counts"),
    [
        ("{ items { count(numbers: [1]) } }", {}, [2, 2, 2]),
        ("query($n: Int) { items { count(numbers: [$n, 1]) } }", {"n": 1}, [3, 3, 3]),
        ("{ items { count(condition: {numbers: [1]}) } }", {}, [1, 1, 1]),
        # A whole variable is one value, with graphql-core too.
        ("query($n: [Int]) { items { count(numbers: $n) } }", {"n": [1]}, [2, 3, 4]),
    ],
)
async def test_each_object_has_its_own_arguments(text: str, variables: dict[str, Any], counts: list[int]) -> None:
    operation = parse_operation(text, None)
    ours = await run(SCHEMA, operation, variables)
    assert ours.data == {"items": [{"count": count} for count in counts]}
    assert differences(ours, await core(SCHEMA, operation, variables), exact=True) == []
