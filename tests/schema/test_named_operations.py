"""The named operations are valid: nothing validates them at a start."""

import pytest
from graphql import parse, validate

from execution import DocumentCache, DocumentError, parse_operation
from schema.graph import CORE
from schema.operations import OPERATIONS


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_it_is_valid(name: str) -> None:
    operation = OPERATIONS[name]
    assert validate(CORE, parse(operation.text)) == []
    assert (
        DocumentCache(CORE).validated(parse_operation(operation.text, name), name).operation_type
        == operation.operation_type
    )


def test_one_that_is_not_is_found() -> None:
    with pytest.raises(DocumentError):
        DocumentCache(CORE).validated(parse_operation("query Nothing { nothing }", "Nothing"), "Nothing")
