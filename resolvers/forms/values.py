"""The values of a submission: read as an HTML form sends them, and normalized."""

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from models.forms import FormFieldType
from models.texts import normalized
from resolvers.context import Context, Row
from resolvers.errors import Refusal
from resolvers.forms.json_schema import problems_of
from resolvers.forms.matching import FieldRow, work_of

# As HTML writes a floating-point number. Longer ones are beyond every bound.
_NUMBER = re.compile(r"-?(?:[0-9]{1,30}(?:\.[0-9]{1,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?")
_CHECKED = frozenset({FormFieldType.CHECKBOX, FormFieldType.CONSENT})
# What a page gives a checkbox as its value; without one a browser sends ``on``.
_BOOLEANS = {"on": True, "true": True, "1": True, "false": False, "0": False}


def submitted_values(
    ctx: Context, form: Row, data: Mapping[str, Any], field: str, *, encoded: bool
) -> tuple[dict[str, Any], list[Refusal]]:
    """Return the values of a submission, normalized, by the keys of their fields; then each that the form does not
    allow, in the input's ``field``. Null is absent. What its patterns take is charged.

    ``encoded``: they are as an HTML form sends them, texts or lists of texts. An empty one is absent; numbers and
    checkboxes are read.
    """
    fields: Sequence[FieldRow] = form["fields"]
    types = {each["key"]: FormFieldType(each["type"]) for each in fields}
    found: dict[str, Any] = {}
    for key, value in data.items():
        given = _normalized(value)
        if encoded:
            given = _decoded(given, types.get(key))
        if given is not None:
            found[key] = given
    ctx.matched += work_of(fields, found)
    return found, problems_of(form["name"], fields, found, field)


def _normalized(value: Any) -> Any:
    if isinstance(value, str):
        return normalized(value)
    # Nothing that a field allows is nested deeper.
    return [normalized(each) if isinstance(each, str) else each for each in value] if isinstance(value, list) else value


def _decoded(value: Any, type_: FormFieldType | None) -> Any:
    texts = [each for each in (value if isinstance(value, list) else [value]) if each != ""]
    if not texts:
        return None
    if type_ is FormFieldType.MULTISELECT or len(texts) > 1:
        return texts
    return _one(texts[0], type_)


def _one(text: Any, type_: FormFieldType | None) -> Any:
    if type_ is FormFieldType.NUMBER and isinstance(text, str) and _NUMBER.fullmatch(text):
        if text.lstrip("-").isdigit():
            return int(text)
        number = float(text)
        # JSON has no infinity.
        return number if isfinite(number) else text
    return _BOOLEANS.get(text, text) if type_ in _CHECKED and isinstance(text, str) else text


def text_of(fields: Sequence[FieldRow], data: Mapping[str, Any]) -> str:
    """Return the values of a submission as a text for people: each with the label of its field, in their order."""
    given = [(field["label"], data[field["key"]]) for field in fields if field["key"] in data]
    return "\n".join(f"{label}: {_shown(value)}" for label, value in given)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(value) if isinstance(value, list) else str(value)
    # Indented, so that no line of a value is taken for another field.
    return "\n  ".join(text.splitlines())
