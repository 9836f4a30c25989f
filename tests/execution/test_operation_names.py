"""Which operation of a document runs, and why none does."""

import pytest

from execution import DocumentValidationError, parse_operation

TWO = "query A { a } query B { b }"
TWICE = "query A { a } query A { b }"


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (TWO, None, "Name one of the document's operations."),
        (TWO, "C", "The document has no such operation."),
        (TWICE, "A", "There can be only one operation named 'A'."),
        ("fragment F on Query { a }", None, "The document has no operation."),
    ],
)
def test_a_document_without_one_operation_of_the_name_says_why(text: str, name: str | None, message: str) -> None:
    with pytest.raises(DocumentValidationError) as refused:
        parse_operation(text, name)
    assert refused.value.errors[0].message == message
