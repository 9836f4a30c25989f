"""What an operation costs by the directives of the schema as text alone, as a tool would work it out that knows nothing
of the server: docs/graph.md says how they are read."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInputObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    get_directive_values,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
    is_list_type,
    parse,
    value_from_ast_untyped,
)

from execution.guard.nesting import left_out


class ToldCosts:
    """The costs that an SDL tells."""

    def __init__(self, sdl: str) -> None:
        self.schema: GraphQLSchema = build_schema(sdl)

    def directive(self, name: str, node: Any) -> dict[str, Any] | None:
        """The arguments of a directive at what stands at a node; None where it has none."""
        declared = self.schema.get_directive(name)
        assert declared is not None, "the SDL defines what it uses"
        return None if node is None else get_directive_values(declared, node)

    def weight(self, node: Any) -> float | None:
        """The weight that is given at a node."""
        found = self.directive("cost", node)
        return None if found is None else float(found["weight"])

    def of_type(self, type_: Any) -> float:
        """What an object of a type costs; of an abstract one the most that one may."""
        if is_leaf_type(type_):
            return self.weight(type_.ast_node) or 0
        if is_abstract_type(type_):
            return max(self.of_type(each) for each in self.schema.get_possible_types(type_))
        found = self.weight(type_.ast_node)
        return 1 if found is None else found

    def cost(self, text: str, variables: Mapping[str, Any] | None = None) -> float:
        """What the one operation of a document costs."""
        definitions = parse(text).definitions
        fragments = {part.name.value: part for part in definitions if isinstance(part, FragmentDefinitionNode)}
        (operation,) = [part for part in definitions if isinstance(part, OperationDefinitionNode)]
        root = self.schema.get_root_type(operation.operation)
        return _Operation(self, fragments, variables or {}).selection(operation.selection_set, root, {})


class _Operation:
    def __init__(
        self, told: ToldCosts, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]
    ) -> None:
        self.told, self.fragments, self.variables = told, fragments, variables

    def selection(self, node: SelectionSetNode, on: Any, sizes: Mapping[str, int]) -> float:
        """What a selection costs for one object; ``sizes`` are those of its lists that the field around it sizes."""
        return sum(self.field(each, of, sizes) for each, of in self._fields(node, on))

    def _fields(self, node: SelectionSetNode, on: Any) -> Iterator[tuple[FieldNode, Any]]:
        for part in node.selections:
            if any(left_out(each, self.variables) for each in part.directives or ()):
                continue
            if isinstance(part, FieldNode):
                yield part, on
            elif isinstance(part, FragmentSpreadNode):
                fragment = self.fragments[part.name.value]
                yield from self._fields(
                    fragment.selection_set, self.told.schema.type_map[fragment.type_condition.name.value]
                )
            elif isinstance(part, InlineFragmentNode):
                named = part.type_condition
                yield from self._fields(
                    part.selection_set, on if named is None else self.told.schema.type_map[named.name.value]
                )

    def field(self, node: FieldNode, on: Any, sizes: Mapping[str, int]) -> float:
        """What a field costs with what it holds."""
        name = node.name.value
        if name.startswith("__"):
            return 0
        declared = on.fields[name]
        held = get_named_type(declared.type)
        given = {
            part.name.value: value_from_ast_untyped(part.value, dict(self.variables)) for part in node.arguments or ()
        }
        size, inner = self._sizes(declared, given, sizes.get(name))
        own = self.told.weight(declared.ast_node)
        whole = size * self.told.of_type(held) if own is None else own
        whole += sum(self.argument(declared.args[each], value) for each, value in given.items())
        if node.selection_set is not None and is_composite_type(held):
            whole += size * self.selection(node.selection_set, held, inner)
        return whole

    def _sizes(self, declared: Any, given: Mapping[str, Any], outer: int | None) -> tuple[int, dict[str, int]]:
        """How many objects a field holds, and how many those of its fields that it sizes."""
        size = self.told.directive("listSize", declared.ast_node)
        if size is None:
            many = is_list_type(get_nullable_type(declared.type))
            return outer if many and outer is not None else 1, {}
        slicing: Iterable[Any] = [given.get(each) for each in size.get("slicingArguments") or ()]
        found = max([each for each in slicing if each is not None], default=size["assumedSize"])
        sized = size.get("sizedFields")
        return (1, dict.fromkeys(sized, found)) if sized else (found, {})

    def argument(self, declared: Any, value: Any) -> float:
        """What an argument, or a field of an input, adds; one that is null adds nothing."""
        if value is None:
            return 0
        type_ = get_named_type(declared.type)
        own = self.told.weight(declared.ast_node)
        if not isinstance(type_, GraphQLInputObjectType):
            return own or 0
        objects = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]
        within = sum(self.argument(type_.fields[name], part) for each in objects for name, part in each.items())
        return (1 if own is None else own) + within
