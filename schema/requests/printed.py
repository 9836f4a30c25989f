"""The schema as text, as it is committed in ``schema/schema.graphql``."""

from collections.abc import Iterator

from graphql import (
    EnumTypeDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    Node,
    ObjectTypeDefinitionNode,
    parse,
)
from strawberry.printer import print_schema

from schema.graph import CORE, RULES, SCHEMA
from schema.rules.introspected import described
from schema.rules.weights import ListSize, Weights, weights_of

# As IBM's specification of cost directives defines them; the texts are ours.
_COST = (
    "Cost of a field each time that it is selected; cost of an object of a type, where the field that holds it does not"
    " declare another; and cost that an argument or a field of an input adds. By default objects and inputs cost 1,"
    " and scalars and enums nothing."
)
_LIST_SIZE = (
    "Number of objects that a field holds, by which their cost is multiplied: the greatest of the `slicingArguments`,"
    " or else the `assumedSize`. The objects are in the `sizedFields`, where it names some."
)
_LABEL = "Label of a value in English, for people, such as on a button. Its meaning is in its description."
DIRECTIVES = (
    f'"""\n{_LABEL}\n"""\ndirective @label(text: String!) on ENUM_VALUE\n\n'
    f'"""\n{_COST}\n"""\ndirective @cost(weight: String!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION'
    f' | INPUT_FIELD_DEFINITION | OBJECT | SCALAR\n\n"""\n{_LIST_SIZE}\n"""\ndirective @listSize(assumedSize: Int,'
    " slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on"
    " FIELD_DEFINITION\n\n"
)
# Where a directive is put, and its text.
_Mark = tuple[int, str]


def printed_schema() -> str:
    """Return the SDL, with descriptions and the directives that tell scopes, costs and labels."""
    text = print_schema(SCHEMA)
    marks = sorted(_marks(text, weights_of(CORE, RULES)))
    ends = [*(at for at, _ in marks), len(text)]
    parts = [text[: ends[0]]]
    for (start, mark), end in zip(marks, ends[1:], strict=True):
        parts += [mark, text[start:end]]
    return f"{DIRECTIVES}{''.join(parts)}\n"


def _marks(text: str, weights: Weights) -> Iterator[_Mark]:
    for type_ in parse(text).definitions:
        if isinstance(type_, ObjectTypeDefinitionNode):
            name = type_.name.value
            yield from _cost([type_.name, *(type_.interfaces or ())], weights.types.get(name))
            for field in type_.fields or ():
                key = (name, field.name.value)
                yield from _cost([field.type], weights.fields.get(key))
                if key in weights.lists:
                    yield _end(field.type), _list_size(weights.lists[key])
                for given in field.arguments or ():
                    yield from _cost(_parts(given), weights.arguments.get((*key, given.name.value)))
        elif isinstance(type_, InputObjectTypeDefinitionNode):
            for given in type_.fields or ():
                yield from _cost(_parts(given), weights.inputs.get((type_.name.value, given.name.value)))
        elif isinstance(type_, EnumTypeDefinitionNode):
            members = described(CORE.type_map[type_.name.value])
            for value in type_.values or ():
                yield _end(value.name), f' @label(text: "{members[value.name.value].label}")'


def _parts(given: InputValueDefinitionNode) -> list[Node]:
    return [given.type, *([] if given.default_value is None else [given.default_value])]


def _end(node: Node) -> int:
    assert node.loc is not None, "the text was parsed with its places"
    return node.loc.end


def _cost(after: list[Node], weight: int | None) -> Iterator[_Mark]:
    if weight is not None:
        yield _end(after[-1]), f' @cost(weight: "{weight}")'


def _list_size(size: ListSize) -> str:
    given = f"assumedSize: {size.assumed}"
    if size.slicing:
        slicing, sized = (", ".join(f'"{name}"' for name in names) for names in (size.slicing, size.sized))
        given += f", slicingArguments: [{slicing}], sizedFields: [{sized}], requireOneSlicingArgument: false"
    return f" @listSize({given})"
