"""What changed in the schema since the last release, and what of it breaks a client that had no warning."""

from collections.abc import Iterator
from pathlib import Path

from graphql import (
    REMOVE,
    BreakingChange,
    DocumentNode,
    EnumValueDefinitionNode,
    FieldDefinitionNode,
    GraphQLSchema,
    InputValueDefinitionNode,
    ObjectTypeDefinitionNode,
    SchemaChange,
    StringValueNode,
    Visitor,
    VisitorAction,
    build_ast_schema,
    find_schema_changes,
    is_object_type,
    parse,
    visit,
)

RELEASED = (Path(__file__).parent.parent / "released.graphql").read_text(encoding="utf-8")
# What was broken on 2026-11-26, a few hours before this was looked at: answers to forms may have 64 KiB, and `JSON`
# says 16. `JSON` again would break those who have read `FormData` since. `CHANGELOG.md` has it as breaking. It goes
# from here with the next release, whose schema has it: a test fails while what stands here is not broken. Nothing is
# added: a field is deprecated in one release, and goes in a later one.
BROKEN_BEFORE = frozenset(
    f"Field {name}.formData changed type from JSON to FormData."
    for name in ("CreateOrderInput", "Order", "UpdateOrderInput")
)
# Texts are no part of the contract; what a value is where none is given is one.
_WORDS, _DEFAULT = "DESCRIPTION_CHANGED", "ARG_DEFAULT_VALUE_CHANGE"
BREAKING, ADDED, CHANGED = "Breaking", "Added", "Changed"


class _Deprecated(Visitor):
    """Removes what is deprecated."""

    def _leave(self, node: FieldDefinitionNode | InputValueDefinitionNode | EnumValueDefinitionNode) -> VisitorAction:
        deprecated = any(each.name.value == "deprecated" for each in node.directives or ())
        return REMOVE if deprecated else None

    def enter_field_definition(self, node: FieldDefinitionNode, *_: object) -> VisitorAction:
        """Remove a deprecated field."""
        return self._leave(node)

    def enter_input_value_definition(self, node: InputValueDefinitionNode, *_: object) -> VisitorAction:
        """Remove a deprecated argument, or field of an input."""
        return self._leave(node)

    def enter_enum_value_definition(self, node: EnumValueDefinitionNode, *_: object) -> VisitorAction:
        """Remove a deprecated value."""
        return self._leave(node)


def _schema(document: DocumentNode) -> GraphQLSchema:
    return build_ast_schema(document, assume_valid=True, assume_valid_sdl=True)


def _reachable(schema: GraphQLSchema) -> frozenset[str]:
    """Return the names of the types that an operation can reach."""
    found = [each for each in schema.type_map.values() if is_object_type(each) and each.interfaces]
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    return frozenset(GraphQLSchema(*roots, types=found).type_map)


def _scopes(document: DocumentNode) -> dict[str, str]:
    """Return the scope that each type and field of an SDL requires itself."""
    found: dict[str, str] = {}
    for type_ in document.definitions:
        if isinstance(type_, ObjectTypeDefinitionNode):
            named = {type_.name.value: type_} | {
                f"{type_.name.value}.{each.name.value}": each for each in type_.fields or ()
            }
            for name, node in named.items():
                for directive in node.directives or ():
                    if directive.name.value == "requires":
                        (argument,) = directive.arguments or ()
                        assert isinstance(argument.value, StringValueNode), "a scope is a text"
                        found[name] = argument.value.value
    return found


def _other_scopes(before: DocumentNode, after: DocumentNode) -> Iterator[str]:
    """Yield what requires another scope than before."""
    old, new = _scopes(before), _scopes(after)
    there = {name for name, _ in _named(before)}
    for name, scope in new.items():
        if name in there and old.get(name) != scope:
            yield f"{name} requires the scope {scope}" + (f" instead of {old[name]}." if name in old else ".")


def _named(document: DocumentNode) -> Iterator[tuple[str, object]]:
    for type_ in document.definitions:
        if isinstance(type_, ObjectTypeDefinitionNode):
            yield type_.name.value, type_
            for field in type_.fields or ():
                yield f"{type_.name.value}.{field.name.value}", field


def _heading(change: SchemaChange) -> str:
    """Return how a change concerns a client."""
    if isinstance(change, BreakingChange) or change.type.name == _DEFAULT:
        return BREAKING
    return ADDED if "ADDED" in change.type.name else CHANGED


def breaking(current: str, released: str = RELEASED) -> list[str]:
    """Return what breaks a client of the released schema, without what was deprecated there already."""
    before, after = parse(released), parse(current)
    required: DocumentNode = visit(before, _Deprecated())
    old = _schema(required)
    reachable = _reachable(old)
    found = [
        change.description
        for change in find_schema_changes(old, _schema(after))
        if _heading(change) == BREAKING
        # A type that only what was deprecated led to goes with it.
        and (change.type.name != "TYPE_REMOVED" or change.description.split()[0] in reachable)
    ]
    return sorted([*found, *_other_scopes(required, after)])


def changes(current: str, released: str = RELEASED) -> dict[str, list[str]]:
    """Return what changed since the release, in words, by how it concerns a client."""
    found: dict[str, list[str]] = {BREAKING: [], CHANGED: [], ADDED: []}
    before, after = parse(released), parse(current)
    listed: list[SchemaChange] = find_schema_changes(_schema(before), _schema(after))
    for change in listed:
        if change.type.name != _WORDS:
            found[_heading(change)].append(change.description)
    found[BREAKING] += _other_scopes(before, after)
    return {heading: sorted(lines) for heading, lines in found.items() if lines}


def changes_table(current: str) -> str:
    """Return what changed since the release, in Markdown."""
    return "\n\n".join(
        "\n".join([f"### {heading}", "", *(f"- {line}" for line in lines)])
        for heading, lines in changes(current).items()
    )
