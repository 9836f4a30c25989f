"""Numbers and dates as a language writes them."""

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import NumberPattern, get_currency_symbol, parse_pattern

from models.currencies import minor_digits
from resolvers.invoices.pdf.words import ENGLISH, WORDS, InvoiceWords

_FRACTION = re.compile(r"(?<=[#0])\.[0#]+")
# Where CLDR puts a space between a currency that ends with a letter and its amount.
_CURRENCY_FIRST = re.compile(r"¤(?=[#0])")


class Formats:
    """How amounts of a currency, numbers and dates are written in a language.

    A language without words of its own is written in English words and dates, with its own numbers: amounts then have
    the currency's code, as a symbol might be in a script that no font here has.
    """

    def __init__(self, language: str, currency: str, timezone: str) -> None:
        self.locale = locale = _locale(language)
        self.words: InvoiceWords = WORDS.get(locale.language, ENGLISH)
        # The language of the words, for hyphens and for those who listen to the page.
        self.language = locale.language if locale.language in WORDS else "en"
        self._dates = locale if self.language == locale.language else Locale("en")
        self._zone = ZoneInfo(timezone)
        self._currency, self._digits = currency, minor_digits(currency)
        plain = str(locale.decimal_formats[None].pattern)
        self._amount = _pattern(plain, "0" * self._digits)
        self._number = _pattern(plain, "####")
        self._percent = _pattern(str(locale.percent_formats[None].pattern), "####")
        self._money = _pattern(self._money_form(plain), "0" * self._digits)

    def _money_form(self, plain: str) -> str:
        locale = self.locale
        if self.language != locale.language:
            return f"{plain.split(';')[0]}\xa0¤¤"
        form = str(locale.currency_formats["standard"].pattern)
        if get_currency_symbol(self._currency, locale)[-1:].isalpha():
            form = _CURRENCY_FIRST.sub("¤\xa0", form)
        return form

    def amount(self, minor: int) -> str:
        """Return an amount without its currency: ``1.234,50``."""
        return self._written(self._amount, self._major(minor))

    def money(self, minor: int) -> str:
        """Return an amount with its currency: ``1.234,50 €``."""
        return self._written(self._money, self._major(minor))

    def number(self, value: Decimal) -> str:
        """Return a number with as many digits after the point as it has."""
        return self._written(self._number, value)

    def percent(self, value: Decimal) -> str:
        """Return a percentage: ``19 %``."""
        return self._written(self._percent, value / 100)

    def date(self, moment: datetime) -> str:
        """Return the date of a moment in the organization's time zone: ``26. November 2026``."""
        return str(format_date(moment.astimezone(self._zone).date(), "long", self._dates))

    def _major(self, minor: int) -> Decimal:
        return Decimal(minor).scaleb(-self._digits)

    def _written(self, pattern: NumberPattern, value: Decimal) -> str:
        # CLDR rounds some currencies to fewer digits than their minor unit has: `currency_digits` would.
        written = str(pattern.apply(value, self.locale, currency=self._currency, currency_digits=False))
        return written.replace("-", "\u2212")


def _locale(language: str) -> Locale:
    """Return the locale of a language tag, English for one that is not known."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale("en")


@lru_cache(256)
def _pattern(form: str, digits: str) -> NumberPattern:
    """Return a pattern of CLDR, positive and negative, with other digits after the point."""
    whole = _FRACTION.sub("", form)
    fraction = f".{digits}" if digits else ""
    return parse_pattern(re.sub(r"0(?![0#,.])", f"0{fraction}", whole))
