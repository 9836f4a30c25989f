"""Defaults of arguments, as a batch is given them: those of graphql-core, whatever the variable is."""

from typing import Any

import pytest
from graphql import GraphQLArgument, GraphQLField, GraphQLInt, GraphQLList, GraphQLNonNull, GraphQLString

from execution import Args, BatchField, parse_operation
from execution.run.compare import differences
from tests.execution.support import core, kinds, no_arguments, query, run


@pytest.mark.parametrize("type_", [GraphQLInt, GraphQLNonNull(GraphQLInt), GraphQLList(GraphQLInt)])
@pytest.mark.parametrize("variables", [{}, {"n": None}, {"n": 3}])
async def test_an_argument_of_a_variable_has_its_default_where_the_variable_is_not_given(
    type_: Any, variables: dict[str, Any]
) -> None:
    class Size(int):
        """A default that differs in its type from the same number in a document."""

    default: Any = [Size(2)] if isinstance(type_, GraphQLList) else Size(2)
    argument = GraphQLArgument(type_, default_value=default)
    field = GraphQLField(GraphQLString, {"size": argument}, resolve=lambda _root, _info, size: repr((type(size), size)))
    schema = query(a=field)

    async def load(_context: Any, parents: list[Any], args: Args) -> list[Any]:
        size = args.values.get("size")
        return [repr((type(size), size)) for _ in parents]

    fields = kinds(a=BatchField(load, no_arguments, names={"size": "size"}))
    operation = parse_operation("query($n: Int) { a(size: $n) b: a }", None)
    ours = await run(schema, operation, variables, fields)
    assert differences(ours, await core(schema, operation, variables), exact=True) == []
