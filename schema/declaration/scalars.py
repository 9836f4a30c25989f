"""The graph's own scalars: how values look to a client."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from math import isinf
from typing import Any, NewType

import orjson
import strawberry
from graphql import FloatValueNode, GraphQLError, IntValueNode, Undefined, ValueNode, value_from_ast_untyped
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from strawberry.types.scalar import ScalarDefinition

from models import types
from models.agent_jobs_steps import STEP_LIMIT
from models.forms import DATA_LIMIT
from models.types import JSON_LIMIT, MAX_SAFE_INTEGER, decimal_text, exact_decimal, plain_number
from schema.declaration.amounts import shown_amount
from schema.declaration.json_values import wrong_parts
from schema.declaration.moments import shown_moment

MinorUnits = NewType("MinorUnits", int)
MicroUnits = NewType("MicroUnits", int)
Json = NewType("Json", dict[str, Any])
LargeJson = NewType("LargeJson", dict[str, Any])
JsonValue = NewType("JsonValue", object)
StringMap = NewType("StringMap", dict[str, str])
SettingValue = NewType("SettingValue", object)
SettingValues = NewType("SettingValues", dict[str, Any])
FormData = NewType("FormData", dict[str, Any])
JsonSchema = NewType("JsonSchema", dict[str, Any])
Currency = NewType("Currency", str)
Timezone = NewType("Timezone", str)

RFC_TIME = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6"
RFC_JSON = "https://www.rfc-editor.org/rfc/rfc8259"
RFC_OBJECT = f"{RFC_JSON}#section-4"
JSON_SCHEMA = "https://json-schema.org/draft/2020-12/json-schema-core"
CURRENCY_CODES = "https://www.iso.org/iso-4217-currency-codes.html"
TIMEZONES = "https://www.iana.org/time-zones"

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})")

# Each text at its longest, and a logo in base64.
SETTINGS_LIMIT = 256 * 1024
# U+0000 as JSON writes it, and not as the text of an escaped backslash.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
# So many digits of a decimal number survive as a binary one.
SURE_DIGITS = 15


def _wrong(message: str, reason: str = "INVALID_FORMAT", **extra: Any) -> GraphQLError:
    """Return the error of a value; ``reason`` is one of the reasons of a BAD_INPUT."""
    return GraphQLError(message, extensions={"reason": reason, **extra})


def _moment(value: object) -> datetime:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise _wrong("It must be a time in RFC 3339 with an offset, such as 2026-11-25T09:30:00.000Z.")
    try:
        parsed = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _wrong("It must be a date that exists.") from error
    return parsed.replace(microsecond=parsed.microsecond // 1000 * 1000)


def _day_of(value: object) -> date:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise _wrong("It must be a date, such as 2026-11-25.")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise _wrong("It must be a date that exists.") from error


def _amount(value: object, least: int = -MAX_SAFE_INTEGER) -> int:
    # JSON writes one whole number in several ways: 1 and 1.0 are the same. One beyond a double is an infinity.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or (value % 1 and not isinf(value)):
        raise _wrong("It must be a whole number.", "WRONG_TYPE")
    most = MAX_SAFE_INTEGER
    if not least <= value <= most:
        raise _wrong(f"It must be from {least} to {most}.", "OUT_OF_RANGE", minimum=least, maximum=most)
    return int(value)


def _decimal(value: object) -> Decimal:
    # JSON's numbers are read as binary ones, of which no more digits are sure.
    if isinstance(value, float) and len(repr(value).replace(".", "").strip("-0")) > SURE_DIGITS:
        raise _wrong(f"As a number it must have at most {SURE_DIGITS} digits: send a string.")
    try:
        return exact_decimal(value)
    except PydanticCustomError as error:
        raise _wrong(f"It {error.message()}.", "WRONG_TYPE") from None
    except ValueError as error:
        raise _wrong(f"It {error}.") from None


def _decimal_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Decimal:
    """Return the exact number of a literal: of a number, or of a string."""
    value = getattr(node, "value", None)
    value = plain_number(value) if value and isinstance(node, IntValueNode | FloatValueNode) else value
    return _decimal(value if isinstance(value, str) else value_from_ast_untyped(node, variables))


def _unchanged(value: object) -> object:
    return value


def _word(annotation: Any) -> Callable[[object], str]:
    """Reads a text that the models' own word allows."""
    adapter = TypeAdapter(annotation)

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise _wrong("It must be a string.", "WRONG_TYPE")
        try:
            text: str = adapter.validate_python(value, strict=True)
        except ValidationError as error:
            raise _wrong(f"It {error.errors()[0]['msg'].removeprefix('Value error, ')}.") from None
        return text

    return read


def _json(value: object, limit: int, *, ranges: bool = True) -> dict[str, Any]:
    """Return a JSON object of at most so many bytes; ``ranges`` are false where each number has bounds of its own."""
    if not isinstance(value, dict):
        raise _wrong("It must be an object.", "WRONG_TYPE")
    try:
        written = orjson.dumps(value)
    except (TypeError, ValueError) as error:
        raise next(wrong_parts(value), _wrong("It must hold JSON values.")) from error
    if len(written) > limit:
        raise _wrong(f"It must have at most {limit} bytes.", "TOO_LONG", limit=limit)
    # What is written as null may be an infinity.
    if _NUL.search(written) or (ranges and b"null" in written):
        for wrong in wrong_parts(value, ranges=ranges):
            raise wrong
    return value


def _json_literal(node: ValueNode, variables: dict[str, Any] | None = None, **bounds: Any) -> dict[str, Any]:
    """Return the value of a literal, with the variables that stand in it."""
    return _json(_given(value_from_ast_untyped(node, variables)), **bounds)


def _given(value: Any) -> Any:
    """Return a value in which a variable that is not given leaves out its field, or is null in a list."""
    if isinstance(value, dict):
        return {name: _given(part) for name, part in value.items() if part is not Undefined}
    if isinstance(value, list):
        return [None if part is Undefined else _given(part) for part in value]
    return value


def _word_scalar(name: str, description: str, url: str, annotation: Any) -> ScalarDefinition:
    """Return a scalar of the texts that a type of the models allows."""
    read = _word(annotation)
    return strawberry.scalar(name=name, description=description, specified_by_url=url, serialize=str, parse_value=read)


def _object_scalar(
    name: str, description: str, limit: int = JSON_LIMIT, url: str = RFC_OBJECT, *, ranges: bool = True
) -> ScalarDefinition:
    """Return a scalar of JSON objects of at most so many bytes; other bounds are those of the fields that have it."""
    read, literal = (partial(each, limit=limit, ranges=ranges) for each in (_json, _json_literal))
    return strawberry.scalar(
        name=name, description=description, specified_by_url=url, serialize=_unchanged, parse_value=read,
        parse_literal=literal,
    )  # fmt: skip


SCALARS: dict[object, Any] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A time in RFC 3339 format, in UTC with milliseconds, such as `2026-11-25T09:30:00.000Z`. "
        "Of an input, what is finer than a millisecond is cut off.",
        specified_by_url=RFC_TIME,
        serialize=shown_moment,
        parse_value=_moment,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day of the calendar in RFC 3339 format, such as `2026-11-25`.",
        specified_by_url=RFC_TIME,
        serialize=date.isoformat,
        parse_value=_day_of,
    ),
    MinorUnits: strawberry.scalar(
        name="MinorUnits",
        description="An amount of money in the smallest unit of its currency: an integer from -(2^53 - 1) to 2^53 - 1.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc7493#section-2.2",
        serialize=shown_amount,
        parse_value=_amount,
    ),
    MicroUnits: strawberry.scalar(
        name="MicroUnits",
        description="An amount of money in millionths of its currency: an integer from 0 to 2^53 - 1.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc7493#section-2.2",
        serialize=shown_amount,
        parse_value=partial(_amount, least=0),
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description="A decimal number of at most 12 digits before and 4 after the point, never rounded. Shown as a"
        ' string, such as `"19"` or `"2.5"`; given as a string or a number.',
        specified_by_url=f"{RFC_JSON}#section-6",
        serialize=decimal_text,
        parse_value=_decimal,
        parse_literal=_decimal_literal,
    ),
    Currency: _word_scalar("Currency", "A currency code of ISO 4217, in upper case.", CURRENCY_CODES, types.Currency),
    Timezone: _word_scalar(
        "Timezone", "The name of a time zone in the IANA database, such as `Europe/Berlin`.", TIMEZONES, types.Timezone
    ),
    Json: _object_scalar("JSON", "A JSON object. One that is sent has at most 16 KiB.", url=RFC_JSON),
    LargeJson: _object_scalar("LargeJSON", f"A JSON object of at most {STEP_LIMIT // 1024} KiB.", STEP_LIMIT, RFC_JSON),
    JsonValue: strawberry.scalar(
        name="JSONValue",
        description="A JSON value of any type.",
        specified_by_url=RFC_JSON,
        serialize=_unchanged,
        parse_value=_unchanged,
    ),
    StringMap: _object_scalar(
        "StringMap", "A JSON object of strings: at most 50 keys of 40 characters, each with a string of at most 500."
    ),
    SettingValue: strawberry.scalar(
        name="SettingValue",
        description="The value of a setting, as its type says: a string, a number, a boolean or an object.",
        specified_by_url=RFC_JSON,
        serialize=_unchanged,
        parse_value=_unchanged,
    ),
    SettingValues: _object_scalar(
        "SettingValues",
        "A JSON object of settings: their values, or null, by their names. As these have a dot, it is given as a"
        " variable.",
        SETTINGS_LIMIT,
        ranges=False,
    ),
    FormData: _object_scalar(
        "FormData", "The values of a form by the keys of its fields: a JSON object of at most 64 KiB.", DATA_LIMIT
    ),
    JsonSchema: _object_scalar("JSONSchema", "A JSON Schema of draft 2020-12, as an object.", url=JSON_SCHEMA),
}
