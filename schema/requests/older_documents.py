"""What documents may still say that were written for an earlier graph."""

from typing import Any

from graphql import (
    GraphQLError,
    OperationDefinitionNode,
    VariablesInAllowedPositionRule,
    get_nullable_type,
    is_non_null_type,
    type_from_ast,
)

# Where metadata was JSON, variables for it were declared so.
STRICTER = {"JSON": "StringMap"}


class VariablesRule(VariablesInAllowedPositionRule):
    """The standard's rule that variables are of the types of their places, or of what the place's type once was."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._allowed: set[int] = set()

    def leave_operation_definition(self, operation: OperationDefinitionNode, *args: Any) -> None:
        """Report every variable that fits neither."""
        schema, declared = self.context.schema, self.var_def_map
        for usage in self.context.get_recursive_variable_usages(operation):
            definition = declared.get(usage.node.name.value)
            given: Any = None if definition is None else type_from_ast(schema, definition.type)
            if given is None or usage.type is None or (is_non_null_type(usage.type) and not is_non_null_type(given)):
                continue
            if STRICTER.get(str(get_nullable_type(given))) == str(get_nullable_type(usage.type)):
                self._allowed.add(id(usage.node))
        super().leave_operation_definition(operation, *args)

    def report_error(self, error: GraphQLError) -> None:
        """Report an error, unless the place once had the variable's type."""
        if not error.nodes or id(error.nodes[-1]) not in self._allowed:
            super().report_error(error)
