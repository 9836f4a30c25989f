"""Labels of enums' values, in the schema as text."""

from graphql import ConstDirectiveNode, EnumTypeDefinitionNode, StringValueNode, parse

from models.orders import OrderStatus
from schema.requests.printed import printed_schema


def _text_of(directive: ConstDirectiveNode) -> str:
    (argument,) = directive.arguments or ()
    assert isinstance(argument.value, StringValueNode)
    return argument.value.value


def test_each_value_has_a_label_of_its_own_within_its_enum() -> None:
    enums = [each for each in parse(printed_schema()).definitions if isinstance(each, EnumTypeDefinitionNode)]
    assert len(enums) > 30
    for enum in enums:
        labels = {
            value.name.value: _text_of(directive)
            for value in enum.values or ()
            for directive in value.directives or ()
            if directive.name.value == "label"
        }
        assert labels.keys() == {value.name.value for value in enum.values or ()}, enum.name.value
        assert len(set(labels.values())) == len(labels)
        assert all(label[0].isupper() and "_" not in label for label in labels.values()), labels


def test_a_label_is_the_name_as_a_person_reads_it() -> None:
    assert OrderStatus.IN_PROGRESS.label == "In progress"
    assert OrderStatus.PENDING.label == "Pending"
