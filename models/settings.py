"""The registry of an organization's settings: name, type, bounds, default, meaning."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen, MinLen
from babel.core import Locale, UnknownLocaleError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, create_model

from models.enums import DescribedEnum
from models.images import Image
from models.resources import Resource, ToolFor
from models.types import (
    KEY,
    MAX_SAFE_INTEGER,
    Currency,
    Email,
    LongText,
    Name,
    Percent,
    SchemaExtra,
    ShortText,
    Text,
    Whole,
    decimal_text,
)

SETTINGS = Resource(
    "org_settings",
    plural="org_settings",
    prefix="settings",
    type_name="OrgSettings",
    label="setting",
    scope="settings",
    tool_for=ToolFor.NOBODY,
    description="The settings of the organization: one object.",
)
# A value is held to JSON's own types, without conversions.
_EXACTLY = ConfigDict(strict=True, extra="forbid")


def _shaped(pattern: str, shape: str) -> tuple[AfterValidator, SchemaExtra]:
    """Return what holds a text to a pattern, whose shape the error names."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"must be {shape}")
        return value

    return AfterValidator(check), SchemaExtra(pattern=f"^{pattern}$")


def _known(value: str) -> str:
    """Return a language that numbers and dates can be written in. Raises ValueError for another."""
    try:
        Locale.parse(value, sep="-")
    except UnknownLocaleError:
        raise ValueError("must be a language, such as en or en-GB, that numbers and dates are written in") from None
    return value


def _whole(least: int, most: int) -> Any:
    return Annotated[int, Ge(least), Le(most), Whole]


Language: Any = Annotated[
    str, Text, MaxLen(6), *_shaped("[a-z]{2,3}(-[A-Z]{2})?", "a language, such as en or en-GB"), AfterValidator(_known)
]
Color: Any = Annotated[str, Text, *_shaped("#[0-9a-fA-F]{6}", "a color, such as #0a7d4f"), AfterValidator(str.lower)]
Prefix: Any = Annotated[str, Text, MaxLen(20), *_shaped(r"[A-Za-z0-9._/-]*", "letters, digits and . _ / -")]
Amount: Any = _whole(0, MAX_SAFE_INTEGER)
Hours: Any = _whole(1, 8_760)
KeptDays: Any = _whole(1, 3_650)


class ModelPrice(BaseModel):
    """Price of a model."""

    model_config = _EXACTLY

    input: Amount = Field(description="Price of a million tokens that are sent, in micro-units of `agents.currency`.")
    output: Amount = Field(description="Price of a million tokens that come back, alike.")


ModelPrices: Any = Annotated[
    dict[Annotated[str, Text, MinLen(1), MaxLen(100)], ModelPrice],
    MaxLen(50),
    SchemaExtra(propertyNames={"minLength": 1, "maxLength": 100, "pattern": KEY}),
]


class SettingType(DescribedEnum):
    """Type of a setting's value."""

    STRING = "STRING", "A string."
    INTEGER = "INTEGER", "A whole number."
    DECIMAL = "DECIMAL", "A decimal number: shown as a string, given as a string or a number."
    BOOLEAN = "BOOLEAN", "`true` or `false`."
    OBJECT = "OBJECT", "A JSON object."
    IMAGE = "IMAGE", "A PNG: given in base64, shown as its digest."


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting. ``value_type`` is the type that bounds its values; a default of ``None`` means that there is none."""

    name: str
    type: SettingType
    value_type: Any
    default: Any
    meaning: str

    def loaded(self, stored: Any) -> Any:
        """Return the value of what is stored as JSON. Raises ValueError for one that the setting cannot have."""
        if stored is None or self.type is SettingType.IMAGE:
            return stored
        value = _decimal(stored) if self.type is SettingType.DECIMAL else stored
        _adapter(self.name).validate_python(value)
        return value

    def shown(self, value: Any) -> Any:
        """Return a value as it is stored and shown: as JSON."""
        return decimal_text(value) if isinstance(value, Decimal) else value


def _decimal(stored: Any) -> Decimal:
    try:
        return Decimal(stored)
    except (ArithmeticError, TypeError):
        raise ValueError("must be a decimal number") from None


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    value_type = REGISTRY[name].value_type
    # A model says itself how strict it is, and no other may.
    return TypeAdapter(value_type, config=None if name == PRICES else _EXACTLY)


_T = SettingType
PRICES = "agents.prices"
LOGO = "organization.logo"
KEPT_CHANGES = "retention.auditChanges"
_FIRST_RESPONSE = "Hours within which {} ticket should have its first response."
_KEPT = "Days for which {}; at most the server's own limit, which holds where this is null."
REGISTRY: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting(
            "organization.name", _T.STRING, Name, None, "Name on invoices; null: the name of the organization itself."
        ),
        Setting("organization.address", _T.STRING, LongText, None, "Postal address on invoices, by lines."),
        Setting("organization.taxId", _T.STRING, ShortText, None, "Tax ID on invoices, such as a VAT number."),
        Setting("organization.email", _T.STRING, Email, None, "Email address on invoices."),
        Setting("organization.phone", _T.STRING, ShortText, None, "Phone number on invoices, as entered."),
        Setting(
            "organization.language", _T.STRING, Language, "en",
            "Language of invoices and of their numbers and dates: ISO 639, with a country where that matters.",
        ),
        Setting("organization.color", _T.STRING, Color, None, "Color of invoices, as `#rrggbb`."),
        Setting(LOGO, _T.IMAGE, Image, None,
            "Logo on invoices: a PNG of at most 64 KiB and 1,024 pixels on each side, in base64. Shown as its digest.",
       ),
        Setting(
            "organization.paymentDetails", _T.STRING, LongText, None,
            "Payment details on invoices, such as a bank account.",
        ),
        Setting(
            "orders.revisionLimit", _T.INTEGER, _whole(0, 100), None,
            "Number of revisions of an order that a client may request; null is no limit.",
        ),
        Setting(
            "orders.reopenDays", _T.INTEGER, _whole(0, 3_650), 30, "Days for which a completed order can be reopened."
        ),
        Setting("invoices.prefix", _T.STRING, Prefix, "", "Beginning of the numbers of invoices."),
        Setting("invoices.taxRate", _T.DECIMAL, Percent, Decimal(0), "Tax rate where none is given, in percent."),
        Setting(
            "invoices.dueDays", _T.INTEGER, _whole(0, 3_650), 14, "Days from the issue of an invoice until it is due."
        ),
        Setting(
            "invoices.requireAddress", _T.BOOLEAN, bool, False,
            "Whether an invoice is finalized only when its client has an address.",
        ),
        Setting(
            "subscriptions.graceDays", _T.INTEGER, _whole(0, 365), 7,
            "Days after an invoice is due until its subscription is past due.",
        ),
        Setting("tickets.firstResponse.urgent", _T.INTEGER, Hours, 1, _FIRST_RESPONSE.format("an URGENT")),
        Setting("tickets.firstResponse.high", _T.INTEGER, Hours, 4, _FIRST_RESPONSE.format("a HIGH")),
        Setting("tickets.firstResponse.normal", _T.INTEGER, Hours, 24, _FIRST_RESPONSE.format("a NORMAL")),
        Setting("tickets.firstResponse.low", _T.INTEGER, Hours, 72, _FIRST_RESPONSE.format("a LOW")),
        Setting("agents.currency", _T.STRING, Currency, "USD", "Currency of what agents cost: an ISO 4217 code."),
        Setting(
            "agents.monthlyBudget", _T.INTEGER, Amount, None,
            "Most that agents may cost for a client in a month, in micro-units of `agents.currency`; null is no limit.",
        ),
        Setting(
            "agents.approvalHours", _T.INTEGER, Hours, 72,
            "Hours that a step waits for a person. After them it is `EXPIRED`, and the agent goes on without an"
            " approval or an answer.",
        ),
        Setting(
            PRICES, _T.OBJECT, ModelPrices, {},
            "Prices by model: `input` and `output` for a million tokens, in micro-units of `agents.currency`.",
        ),
        Setting("retention.jobs", _T.INTEGER, KeptDays, None, _KEPT.format("finished jobs are kept")),
        Setting("retention.deliveries", _T.INTEGER, KeptDays, None, _KEPT.format("deliveries of webhooks are kept")),
        Setting("retention.events", _T.INTEGER, KeptDays, None, _KEPT.format("events are kept")),
        Setting(
            "retention.submissionsSpam", _T.INTEGER, KeptDays, None, _KEPT.format("submissions that are spam are kept")
        ),
        Setting("retention.reports", _T.INTEGER, KeptDays, None, _KEPT.format("reports are kept")),
        Setting(
            KEPT_CHANGES, _T.INTEGER, KeptDays, None,
            "Days after which the audit log forgets what changed, and keeps that it changed; null is never. Of the"
            " settings themselves it forgets nothing.",
        ),
    )
}  # fmt: skip

_FIELDS: dict[str, Any] = {
    f"setting_{number}": (setting.value_type | None, Field(None, alias=setting.name, description=setting.meaning))
    for number, setting in enumerate(REGISTRY.values())
}
_Model: Any = create_model("SettingValues", __config__=_EXACTLY, **_FIELDS)


def _given(model: Any) -> dict[str, Any]:
    # A logo is bytes by now, which its type does not say.
    found: dict[str, Any] = model.model_dump(by_alias=True, exclude_unset=True, warnings=False)
    return found


# Values of settings by their names, each within its bounds or null: what a change gives.
SettingValues: Any = Annotated[_Model, AfterValidator(_given)]
