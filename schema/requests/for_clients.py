"""Our named operations as a client's access token may ask for them: without what is the staff's."""

from functools import cache
from typing import Any

from graphql import REMOVE, FieldNode, OperationDefinitionNode, TypeInfo, TypeInfoVisitor, Visitor, print_ast, visit
from graphql.language import DocumentNode

from execution import DocumentCache, Operation, parse_operation
from models.actors import ActorKind, Reserved, allows
from resolvers.api_keys.access_tokens import CLIENT_SCOPES
from schema.graph import CORE, RULES
from schema.operations import OPERATIONS


def is_staff_field(on: str, name: str) -> bool:
    """Return whether no client's token may ask for a field, whatever its scopes."""
    rule = RULES.get((on, name))
    if rule is None:
        return False
    reserved = any(isinstance(each, Reserved) and ActorKind.CLIENT in each.kinds for each in rule.further)
    return reserved or (rule.requirement is not None and not allows(CLIENT_SCOPES, rule.requirement))


class _Without(Visitor):
    """Takes out of a document the fields that are the staff's."""

    def __init__(self) -> None:
        super().__init__()
        self.info = TypeInfo(CORE)

    def enter_field(self, node: FieldNode, *_rest: Any) -> Any:
        parent = self.info.get_parent_type()
        return REMOVE if parent is not None and is_staff_field(parent.name, node.name.value) else None


@cache
def for_clients(name: str) -> Operation | None:
    """Return a named operation without what is the staff's; None where the staff alone may ask for it."""
    operation = OPERATIONS[name]
    visitor = _Without()
    document = DocumentNode(definitions=(operation.definition, *operation.fragments.values()))
    left = visit(document, TypeInfoVisitor(visitor.info, visitor))
    definition = left.definitions[0]
    if not isinstance(definition, OperationDefinitionNode) or not definition.selection_set.selections:
        return None
    return DocumentCache(CORE).validated(parse_operation(print_ast(left), name), name)
