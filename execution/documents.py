"""Documents: parsed and validated once, then found by their text."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    Token,
    TokenKind,
    parse,
    validate,
)
from graphql.language import Lexer, Source
from graphql.language.parser import Parser

MOST_TEXT = 16 * 1024
MOST_TOKENS = 2_000
# Selections and input values together; selections alone are judged more finely later.
MOST_BRACKETS = 60
# Python itself refuses to read a number of some thousand digits.
MOST_DIGITS = 400
# A token that is kept, with what is known of it, takes up to 1 kB.
MOST_KEPT = 100_000
# Some print all that is around them: more of them would take long, and nobody reads them.
MOST_ERRORS = 5
_OPEN = frozenset({TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L})
_NUMBERS = frozenset({TokenKind.INT, TokenKind.FLOAT})
_CLOSED = frozenset({TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R})


class UnfitDocument(Exception):
    """A document that cannot run; ``code`` says at which step, ``errors`` why."""

    def __init__(self, code: str, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.code = code
        self.errors = errors


@dataclass(slots=True)
class Operation:
    """One operation of a document.

    ``plans`` remembers how it runs for each choice of its conditions, ``verdicts`` how it was judged, ``kept`` what
    else is known of it.
    """

    text: str
    document: DocumentNode
    definition: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    tokens: int = 0
    valid: bool = False
    plans: dict[Any, Any] = field(default_factory=dict)
    verdicts: Any = None
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """query, mutation or subscription."""
        return self.definition.operation.value


class _Bounded(Lexer):
    """Reads tokens for a parser, which recurses: stops before it meets what is too large or too deep."""

    def __init__(self, source: Source, most: int) -> None:
        super().__init__(source)
        self.most = most
        self.count = self.depth = 0

    def advance(self) -> Token:
        """The next token. Raises UnfitDocument."""
        token = super().advance()
        kind = token.kind
        self.count += kind is not TokenKind.EOF
        if self.count > self.most:
            raise _too_many(self.most)
        if kind in _OPEN:
            self.depth += 1
            if self.depth > MOST_BRACKETS:
                raise _too_complex("The document is nested too deeply.")
        elif kind in _CLOSED:
            self.depth -= 1
        elif kind in _NUMBERS and token.end - token.start > MOST_DIGITS:
            raise _too_complex(f"A number in the document has more than {MOST_DIGITS} digits.")
        return token

    def finish(self) -> None:
        """Read what a parser left, so that a malformed document that is too large is told to be too large."""
        try:
            while self.advance().kind is not TokenKind.EOF:
                pass
        except GraphQLError:
            return  # no token can be read here: nothing behind it counts


def _too_complex(message: str) -> UnfitDocument:
    return UnfitDocument("TOO_COMPLEX", [GraphQLError(message)])


def _too_many(most: int) -> UnfitDocument:
    return _too_complex(f"The document has more than {most} tokens.")


def parse_operation(text: str, name: str | None, tokens: int = MOST_TOKENS) -> Operation:
    """Parse a text of at most so many tokens and pick its operation. Raises UnfitDocument."""
    if len(text) > MOST_TEXT:
        raise _too_complex(f"The document has more than {MOST_TEXT} characters.")
    source = Source(text)
    lexer = _Bounded(source, tokens)
    try:
        document = Parser(source, max_tokens=MOST_TOKENS, lexer=lexer).parse_document()
    except GraphQLError as error:
        lexer.finish()
        raise UnfitDocument("GRAPHQL_PARSE_FAILED", [error]) from None
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    chosen = [node for node in operations if name is None or (node.name is not None and node.name.value == name)]
    if len(chosen) != 1:
        what = "The document has no such operation." if name else "Name one of the document's operations."
        message = "The document has no operation." if not operations else what
        raise UnfitDocument("GRAPHQL_VALIDATION_FAILED", [GraphQLError(message)])
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    return Operation(text, document, chosen[0], fragments, lexer.count)


class Documents:
    """The operations that were seen lately, parsed and validated: at most ``size`` of them, of ``tokens`` in all."""

    def __init__(
        self,
        schema: GraphQLSchema,
        rules: Any = None,
        size: int = 500,
        tokens: int = MOST_KEPT,
        *,
        hide_suggestions: bool = False,
    ) -> None:
        self.schema = schema
        self._rules = rules
        self._hide = hide_suggestions
        self._size, self.most = size, tokens
        self.tokens = 0
        self._kept: OrderedDict[tuple[str, str | None], Operation] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @staticmethod
    def names_in(text: str) -> list[str]:
        """The names of a text's operations."""
        nodes = [node for node in parse(text).definitions if isinstance(node, OperationDefinitionNode)]
        return [node.name.value for node in nodes if node.name is not None]

    def operation(self, text: str, name: str | None, tokens: int = MOST_TOKENS) -> Operation:
        """The parsed operation, of at most so many tokens, not yet validated. Raises UnfitDocument."""
        kept = self._kept.get((text, name))
        if kept is not None:
            if kept.tokens > tokens:
                raise _too_many(tokens)
            self._kept.move_to_end((text, name))
            return kept
        return parse_operation(text, name, tokens)

    def validated(self, operation: Operation, name: str | None) -> Operation:
        """The operation once it is valid; remembered from then on. Raises UnfitDocument."""
        if not operation.valid:
            errors = validate(
                self.schema, operation.document, self._rules, max_errors=MOST_ERRORS, hide_suggestions=self._hide
            )
            if errors:
                raise UnfitDocument("GRAPHQL_VALIDATION_FAILED", errors)
            operation.valid = True
            self._keep(operation, name)
        return operation

    def _keep(self, operation: Operation, name: str | None) -> None:
        replaced = self._kept.pop((operation.text, name), None)
        self._kept[operation.text, name] = operation
        self.tokens += operation.tokens - (0 if replaced is None else replaced.tokens)
        while len(self._kept) > self._size or self.tokens > self.most:
            _, left = self._kept.popitem(last=False)
            self.tokens -= left.tokens
