"""Email addresses: the domain's type, and the JSON Schema that says the same."""

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from models.types import EMAIL, Email
from resolvers.forms.matching import validator_of
from tests.support.emails import EMAILS, NO_EMAILS, TOO_LONG

_TYPE: TypeAdapter[str] = TypeAdapter(Email)


def test_the_type_and_both_validators_judge_an_address_alike() -> None:
    schema = {"pattern": EMAIL}
    validators = validator_of(schema), Draft202012Validator(schema)
    for address in EMAILS:
        text = _TYPE.validate_python(address)
        assert [each.is_valid(text) for each in validators] == [True, True], address
    for address in NO_EMAILS:
        with pytest.raises(ValidationError):
            _TYPE.validate_python(address)
        assert [each.is_valid(address) for each in validators] == [False, False], address
    with pytest.raises(ValidationError):
        _TYPE.validate_python(TOO_LONG)
