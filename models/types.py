"""Annotated types: each bounded type of the domain is defined once. Columns, inputs and API documents follow from
it."""

import re
from collections.abc import Container
from datetime import datetime
from decimal import Decimal
from math import isinf
from typing import Annotated, Any
from zoneinfo import available_timezones

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import AfterValidator, BeforeValidator, GetJsonSchemaHandler, ValidationError, WithJsonSchema
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from models.currencies import CURRENCIES
from models.texts import normalized
from models.webhook_urls import check_literal

MAX_SAFE_INTEGER = 2**53 - 1
# A whole number that stands for an infinity, beyond every bound.
BEYOND = 10**309
# The greatest number of characters of a JSON object, and of metadata (50 keys of 40 with values of 500).
JSON_LIMIT, METADATA_LIMIT = 16 * 1024, 50 * (40 + 500)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# White space and control characters: in these patterns the same to Python as to ECMAScript, as JSON Schema has them.
_BESIDE = r"\s\ufeff\u0000-\u001f\u007f-\u009f"
_ADDRESS = rf'[^{_BESIDE}@<>"(),:;\[\]\\'
EMAIL = rf"^{_ADDRESS}]+@{_ADDRESS}.]+(\.{_ADDRESS}.]+)+$"
WEBHOOK_URL = r"^https?://[A-Za-z0-9.:\[\]_-]+([/?][A-Za-z0-9!$%&'()*+,./:;=?@_~\[\]-]*)?$"
# Of a URL that a person follows: non-ASCII characters too, as browsers take and send it, and a fragment. With other
# schemes a browser may run it as code, and a name before an @ is taken for the host.
URL = rf"^[Hh][Tt][Tt][Pp][Ss]?://[^{_BESIDE}/?#@\\]+([/?#][^{_BESIDE}]*)?$"
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,4})?")
# What else Python finds among the files of time zones: this machine's own zone, a placeholder, and copies with other
# rules of leap seconds. None of them means the same everywhere.
_NO_ZONES = re.compile(r"localtime|posixrules|Factory|(posix|right|SystemV)/.*")
_TIMEZONES = {name for name in available_timezones() if not _NO_ZONES.fullmatch(name)}


def clean_text(value: object) -> object:
    """Return a text normalized. Raises ValueError for control characters other than newline and tab."""
    if not isinstance(value, str):
        return value
    return printed(normalized(value))


def printed(text: str) -> str:
    """Return a text. Raises ValueError for control characters other than newline and tab."""
    if _CONTROL.search(text):
        raise ValueError("must not contain control characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode") from None
    return text


def _email(value: str) -> str:
    if not re.fullmatch(EMAIL, value):
        raise ValueError("must be an email address")
    return value


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value):
        raise ValueError("must be lower-case letters, digits and hyphens, with a letter or digit at both ends")
    return value


def _url(value: str) -> str:
    # Whether private networks are allowed is a setting, which the resolver knows.
    check_literal(value, allow_private=True)
    return value


def _link(value: str) -> str:
    if not re.fullmatch(URL, value):
        raise ValueError("must be a URL that begins with https:// or http://, without spaces")
    return value


def _currency(value: str) -> str:
    if value not in CURRENCIES:
        raise ValueError("must be an ISO 4217 code in upper case, such as EUR")
    return value


def _timezone(value: str) -> str:
    if value not in _TIMEZONES:
        raise ValueError("must be an IANA time zone, such as Europe/Berlin")
    return value


def exact_decimal(value: object) -> Decimal:
    """Return the exact number of a text or of a JSON number, which is never rounded.

    Raises PydanticCustomError for what is no decimal number of at most 12 digits before and 4 after the point.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise PydanticCustomError("WRONG_TYPE", "must be a decimal number")
    text = value.strip() if isinstance(value, str) else str(value)
    if not _DECIMAL.fullmatch(text):
        raise ValueError("must be a decimal number with at most 12 digits before the point and 4 after it")
    return Decimal(decimal_text(Decimal(text)))


def decimal_text(value: Decimal) -> str:
    """Return a decimal number as it is shown: without an exponent, and without zeros at the end of its fraction."""
    text = f"{value if value else abs(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain_number(text: str) -> str:
    """Return a number as it is shown, for one with an exponent or with zeros at its end: ``1e1`` is 10."""
    number = Decimal(text) or Decimal(0)
    # What is far beyond every bound would be long to write out.
    return decimal_text(number) if abs(number.adjusted()) < 20 else text


def _whole(value: object) -> object:
    """Return a whole number for one that JSON writes with a point: 1 and 1.0 are the same.

    One beyond a double, which is an infinity by now, becomes a whole number beyond every bound.
    """
    if isinstance(value, float) and isinf(value):
        return BEYOND if value > 0 else -BEYOND
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _tags(value: list[str]) -> list[str]:
    return list(dict.fromkeys(value))


def _metadata(value: dict[str, Any]) -> dict[str, Any]:
    if len(value) > 50:
        raise PydanticCustomError("TOO_LONG", "must have at most 50 keys", {"limit": 50})
    found: dict[str, Any] = {}
    wrong: list[InitErrorDetails] = []
    for given, item in value.items():
        try:
            key = _metadata_key(given, found)
            found[key] = ""
            found[key] = _metadata_value(item)
        except PydanticCustomError as error:
            # Its traceback would hold this frame, which holds it.
            wrong.append({"type": error.with_traceback(None), "loc": (given,), "input": item})
    if wrong:
        raise ValidationError.from_exception_data("metadata", wrong)
    return found


def _metadata_key(given: str, found: Container[str]) -> str:
    key = normalized(given)
    if not key:
        raise PydanticCustomError("TOO_SHORT", "the key must have at least 1 character", {"limit": 1})
    if len(key) > 40:
        raise PydanticCustomError("TOO_LONG", "the key must have at most 40 characters", {"limit": 40})
    if key in found:
        text = f"the key must differ from others once they are trimmed and normalized: {key!r} is there twice"
        raise PydanticCustomError("NOT_ALLOWED", text)
    try:
        return printed(key)
    except ValueError as error:
        raise PydanticCustomError("INVALID_FORMAT", f"the key {error}") from None


def _metadata_value(item: object) -> str:
    if not isinstance(item, str):
        raise PydanticCustomError("WRONG_TYPE", "must be a string")
    text = normalized(item)
    if len(text) > 500:
        raise PydanticCustomError("TOO_LONG", "must have at most 500 characters", {"limit": 500})
    try:
        return printed(text)
    except ValueError as error:
        raise PydanticCustomError("INVALID_FORMAT", str(error)) from None


class SchemaExtra:
    """Keywords for the JSON Schema of a type, beside its bounds. A function is called when the schema is written."""

    def __init__(self, **keywords: Any) -> None:
        self.keywords = keywords

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema with the keywords."""
        return handler(core) | {name: each() if callable(each) else each for name, each in self.keywords.items()}


Text = BeforeValidator(clean_text)
_PRINTED = r"[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]"
_VISIBLE = r"[^\s\u0000-\u001f\u007f-\u009f]"
PRINTED = SchemaExtra(pattern=f"^{_PRINTED}*$")
# A key of an object: without white space at the ends, which would be trimmed, so that no two keys become one.
KEY = f"^{_VISIBLE}({_PRINTED}*{_VISIBLE})?$"
# A text must have a visible character: of white space only nothing is left when it is trimmed.
NOT_BLANK = SchemaExtra(pattern=f"^{_PRINTED}*{_VISIBLE}{_PRINTED}*$")

Name = Annotated[str, Text, MinLen(1), MaxLen(200), NOT_BLANK]
ShortText = Annotated[str, Text, MaxLen(200), PRINTED]
LongText = Annotated[str, Text, MaxLen(5_000), PRINTED]
Body = Annotated[str, Text, MinLen(1), MaxLen(20_000), NOT_BLANK]
Reason = Annotated[str, Text, MinLen(1), MaxLen(500), NOT_BLANK]
Email = Annotated[str, Text, MaxLen(254), AfterValidator(_email), SchemaExtra(pattern=EMAIL)]
Slug = Annotated[str, Text, MaxLen(63), AfterValidator(_slug)]
Url = Annotated[
    str, Text, MinLen(1), MaxLen(2_000), AfterValidator(_url), SchemaExtra(format="uri", pattern=WEBHOOK_URL)
]
Link = Annotated[str, Text, MinLen(1), MaxLen(2_000), AfterValidator(_link), SchemaExtra(pattern=URL)]
# What is wrong with these is said by their own check, and not by that of the length.
Currency = Annotated[
    str, Text, AfterValidator(_currency), MaxLen(3), SchemaExtra(enum=sorted(CURRENCIES), title="Currency")
]
Timezone = Annotated[str, Text, AfterValidator(_timezone), MaxLen(64)]
Price = Annotated[int, Ge(0), Le(MAX_SAFE_INTEGER)]
Quantity = Annotated[int, Ge(1), Le(1_000_000)]
Days = Annotated[int, Ge(0), Le(3_650)]
Whole = BeforeValidator(_whole)
# A decimal number as JSON shows it; one that comes in may be a number too.
DECIMAL = r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$"
_PERCENT = r"^(100(\.0{1,4})?|[0-9]{1,2}(\.[0-9]{1,4})?)$"
Percent = Annotated[
    Decimal,
    Ge(0),
    Le(100),
    BeforeValidator(exact_decimal),
    # A number with a fraction is taken too, but no schema can say how many places it has.
    SchemaExtra(anyOf=[{"type": "integer", "minimum": 0, "maximum": 100}, {"type": "string", "pattern": _PERCENT}]),
]
# A percentage as a field of an object, whose output is a string.
TaxRate = Annotated[Percent, WithJsonSchema({"type": "string", "pattern": _PERCENT})]
Tag = Annotated[str, Text, MinLen(1), MaxLen(40), NOT_BLANK]
Tags = Annotated[list[Tag], MaxLen(20), AfterValidator(_tags)]
Metadata = Annotated[
    dict[str, Any],
    AfterValidator(_metadata),
    SchemaExtra(
        maxProperties=50,
        propertyNames={"minLength": 1, "maxLength": 40, "pattern": KEY},
        additionalProperties={"type": "string", "maxLength": 500, "pattern": f"^{_PRINTED}*$"},
    ),
]
JsonObject = dict[str, Any]
Moment = datetime
