"""The operations that were seen lately, parsed and validated once, then found by their text."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

from graphql import GraphQLSchema, specified_rules, validate

from execution.guard.documents import MAX_TOKENS, Operation, parse_operation, too_many_tokens
from execution.guard.errors import DocumentLimitError, DocumentValidationError
from execution.guard.validation import joined

MAX_BYTES = 64 * 2**20
# Some print all that is around them: more of them would take long, and nobody reads them.
MAX_ERRORS = 5
# How graphql-core's validation ends where Python would recurse too deeply.
RECURSED = "Validation aborted."
# A text, and the name of one of its operations.
_Key = tuple[str, str | None]


class _Owned(OrderedDict[_Key, None]):
    """The operations of one owner, the least recently used first, and the bytes that they take."""

    def __init__(self, owner: Hashable) -> None:
        super().__init__()
        self.owner, self.weight = owner, 0


class DocumentCache:
    """The operations that were seen lately, parsed and validated: at most ``size`` of them, and ``most`` bytes.

    When there would be more, the owner of the most loses the one that it used least recently: who sends ever new
    documents evicts its own. An operation counts for the owner who sent it first, but is found by all. ``grown`` is
    called with the bytes of what is kept from then on, and of what is judged.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        rules: Any = None,
        size: int = 500,
        most: int = MAX_BYTES,
        *,
        hide_suggestions: bool = False,
        grown: Callable[[int], None] | None = None,
    ) -> None:
        self.schema = schema
        self._grown = grown
        self.rules: tuple[Any, ...] = tuple(specified_rules if rules is None else rules)
        self._joined = [joined(self.rules)] if self.rules else []
        self._hide = hide_suggestions
        self._size, self.most = size, most
        self.weight = 0
        self._operations: dict[_Key, tuple[Operation, _Owned]] = {}
        self._owners: dict[Hashable, _Owned] = {}

    def __len__(self) -> int:
        return len(self._operations)

    def operation(self, text: str, name: str | None, tokens: int = MAX_TOKENS) -> Operation:
        """Return the parsed operation, of at most so many tokens, not yet validated. Raises DocumentError."""
        kept = self._operations.get((text, name))
        if kept is None:
            return parse_operation(text, name, tokens)
        known, owned = kept
        if known.tokens > tokens:
            raise too_many_tokens(tokens)
        owned.move_to_end((text, name))
        return known

    def validated(self, operation: Operation, name: str | None, owner: Hashable = None) -> Operation:
        """Return the operation once it is valid; kept for its owner from then on. Raises DocumentError."""
        if operation.valid is not self.schema:
            # What that leaves is in cycles, whatever comes of it.
            self._note(operation.weight)
            try:
                errors = validate(
                    self.schema, operation.document, self._joined, max_errors=MAX_ERRORS, hide_suggestions=self._hide
                )
            finally:
                self._note(-operation.weight)
            if errors and errors[-1].message == RECURSED:
                raise DocumentLimitError("The document is nested too deeply.")
            if errors:
                raise DocumentValidationError(*errors)
            operation.valid = self.schema
            self._keep(operation, name, owner)
        return operation

    def _keep(self, operation: Operation, name: str | None, owner: Hashable) -> None:
        key = operation.text, name
        if key in self._operations:
            self._remove(key)
        owned = self._owners.get(owner)
        if owned is None:
            owned = self._owners[owner] = _Owned(owner)
        owned[key] = None
        self._operations[key] = operation, owned
        operation.grown = partial(self._grow, owned)
        self._grow(owned, operation.weight)

    def _note(self, by: int) -> None:
        if self._grown is not None:
            self._grown(by)

    def _grow(self, owned: _Owned, by: int) -> None:
        owned.weight += by
        self.weight += by
        self._note(by)
        while self.weight > self.most:
            self._evict(max(self._owners.values(), key=lambda each: each.weight))
        while len(self) > self._size:
            self._evict(max(self._owners.values(), key=len))

    def _evict(self, owned: _Owned) -> None:
        self._remove(next(iter(owned)))

    def _remove(self, key: _Key) -> None:
        operation, owned = self._operations.pop(key)
        del owned[key]
        operation.grown = None
        owned.weight -= operation.weight
        self.weight -= operation.weight
        if not owned:
            del self._owners[owned.owner]
