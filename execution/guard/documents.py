"""Documents: parsed within bounds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from sys import getsizeof
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    Token,
    TokenKind,
)
from graphql.language import Lexer, Source
from graphql.language.parser import Parser

from execution.guard.errors import DocumentLimitError, DocumentSyntaxError, DocumentValidationError
from execution.guard.nesting import MAX_CONDITIONS, MAX_NESTED, conditions_of, nesting_of
from execution.guard.source import IndexedSource

MAX_TEXT, MAX_BREAKS = 16 * 1024, 4_000
MAX_TOKENS = 2_000
# Selections and input values together; selections alone are judged more finely later.
MAX_BRACKETS = 60
# Python itself refuses to read a number of some thousand digits.
MAX_DIGITS = 400
# What is kept is weighed, not measured: an operation takes no more bytes than this, and for each token, with what is
# known of it; its text is there so many times.
OPERATION_BYTES, TOKEN_BYTES, COPIES = 12_000, 1_100, 3
_OPEN = frozenset({TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L})
_NUMBERS = frozenset({TokenKind.INT, TokenKind.FLOAT})
_CLOSED = frozenset({TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R})


@dataclass(slots=True, weakref_slot=True)
class Operation:
    """One operation of a document.

    ``conditions`` has the variables of its ``@skip`` and ``@include``, each with a directive that it decides.
    ``valid`` is the schema that it is valid for. ``plans`` holds its plans, ``costs`` its cost analyses, ``cache`` what
    else is known of it; ``weight`` is how many bytes all of that takes, and ``grown`` is called with what is added.
    """

    text: str
    document: DocumentNode
    definition: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    tokens: int = 0
    conditions: dict[str, DirectiveNode] = field(default_factory=dict)
    valid: GraphQLSchema | None = None
    plans: dict[Any, Any] = field(default_factory=dict)
    costs: Any = None
    cache: dict[Any, Any] = field(default_factory=dict)
    weight: int = 0
    grown: Callable[[int], None] | None = None
    # query, mutation or subscription: an enum's value is found by three calls.
    operation_type: str = field(init=False)

    def __post_init__(self) -> None:
        self.operation_type = self.definition.operation.value

    def grow(self, by: int) -> None:
        """Take note of bytes that are kept with it from now on, or, below zero, no longer."""
        self.weight += by
        if self.grown is not None:
            self.grown(by)


class _Bounded(Lexer):
    """Reads tokens for a parser, which recurses: stops before it meets what is too large or too deep."""

    def __init__(self, source: Source, most: int) -> None:
        super().__init__(source)
        self.most = most
        self.count = self.depth = 0

    def advance(self) -> Token:
        """Return the next token. Raises DocumentError."""
        token = super().advance()
        token_kind = token.kind
        self.count += token_kind is not TokenKind.EOF
        if self.count > self.most:
            raise too_many_tokens(self.most)
        if token_kind in _OPEN:
            self.depth += 1
            if self.depth > MAX_BRACKETS:
                raise DocumentLimitError("The document is nested too deeply.")
        elif token_kind in _CLOSED:
            self.depth -= 1
        elif token_kind in _NUMBERS and token.end - token.start > MAX_DIGITS:
            raise DocumentLimitError(f"A number in the document has more than {MAX_DIGITS} digits.")
        return token

    def finish(self) -> None:
        """Read what a parser left, so that a malformed document that is too large is reported as too large."""
        try:
            while self.advance().kind is not TokenKind.EOF:
                pass
        except GraphQLError:
            return  # no token can be read here: nothing behind it counts


def too_many_tokens(most: int) -> DocumentLimitError:
    """Return the error of a document with more than so many tokens."""
    return DocumentLimitError(f"The document has more than {most} tokens.")


def parse_operation(text: str, name: str | None, tokens: int = MAX_TOKENS) -> Operation:
    """Parse a text of at most so many tokens and pick its operation. Raises DocumentError."""
    if len(text) > MAX_TEXT:
        raise DocumentLimitError(f"The document has more than {MAX_TEXT} characters.")
    if text.count("\n") + text.count("\r") > MAX_BREAKS:
        raise DocumentLimitError(f"The document has more than {MAX_BREAKS} line breaks.")
    source = IndexedSource(text)
    lexer = _Bounded(source, tokens)
    try:
        parser = Parser(source, max_tokens=MAX_TOKENS, lexer=lexer)
        document = parser.parse_document()
    except GraphQLError as error:
        lexer.finish()
        raise DocumentSyntaxError(error) from None
    _unlink(document)
    if nesting_of(document.definitions) > MAX_NESTED:
        raise DocumentLimitError("The fragments of the document are nested too deeply.")
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    chosen = [node for node in operations if name is None or (node.name is not None and node.name.value == name)]
    if len(chosen) != 1:
        what = f"There can be only one operation named '{name}'." if chosen else "The document has no such operation."
        what = what if name else "Name one of the document's operations."
        message = "The document has no operation." if not operations else what
        raise DocumentValidationError(GraphQLError(message))
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    conditions = conditions_of(chosen[0], fragments)
    if len(conditions) > MAX_CONDITIONS:
        found = f"The operation has {len(conditions)} variables in @skip and @include"
        raise DocumentLimitError(f"{found}; {MAX_CONDITIONS} are allowed.")
    weight = OPERATION_BYTES + TOKEN_BYTES * lexer.count + COPIES * getsizeof(text)
    return Operation(text, document, chosen[0], fragments, lexer.count, conditions, weight=weight)


def _unlink(document: DocumentNode) -> None:
    """Let go of the tokens that no node begins or ends with: each holds the next one and the one before."""
    token = None if document.loc is None else document.loc.start_token
    while token is not None:
        following = token.next
        token.prev = token.next = None
        token = following
