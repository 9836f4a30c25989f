"""Query parameters: which values each takes, and what they are in the graph."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLBoolean, GraphQLEnumType

from models.texts import caseless
from models.types import MAX_SAFE_INTEGER
from resolvers.errors import Refusal, bad_input
from resolvers.lists.filters import MAX_TEXT, MAX_VALUES
from rest_shim.route import Known, VariablePath
from schema.declaration.input_values import wrong_values
from web.dry_run import PARAMETER

# Whole numbers of either type have fewer digits.
DIGITS = 18
ID = r"[a-z]+_[0-7][0-9a-hjkmnp-tv-z]{25}"
_WORD = re.compile(r"[^\W_]")
_ID = re.compile(ID)
_BOUNDS: Mapping[str, tuple[int, int]] = {
    "Int": (-(2**31), 2**31 - 1),
    "MinorUnits": (-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its name, the place of its value, the type there, whether it takes several values, and which."""

    name: str
    place: VariablePath
    type_: Any
    many: bool
    required: bool
    description: str
    known: Known | None = None

    @property
    def bounds(self) -> tuple[int, int] | None:
        """Return the least and the greatest value of a number; None for what is no number."""
        return _BOUNDS.get(self.type_.name)

    @property
    def searches(self) -> bool:
        """Return whether it takes the words of a search."""
        return self.place[-1] == "search"

    def read(self, given: Sequence[str], problems: list[Refusal]) -> Any:
        """Return the value for the graph. What is wrong with it is added to the problems."""
        if not self.many:
            if len(given) > 1:
                problems.append(bad_input(f"query.{self.name}", f"{self.name} takes one value.", "REPEATED"))
            return self._one(given[0], problems)
        values = list(dict.fromkeys(part for text in given for part in text.split(",")))
        if len(values) > MAX_VALUES:
            text = f"{self.name} takes {MAX_VALUES} values at most."
            problems.append(bad_input(f"query.{self.name}", text, "TOO_LONG", limit=MAX_VALUES))
            return None
        return [self._one(value, problems) for value in values]

    def _one(self, value: str, problems: list[Refusal]) -> Any:
        if isinstance(self.type_, GraphQLEnumType) and value in self.type_.values:
            return value
        where, name = f"query.{self.name}", self.name
        if self.known is not None:
            problems += self._unknown(self.known, value)
        elif self.type_.name == "ID":
            if not _ID.fullmatch(value):
                problems.append(bad_input(where, f"{name} must be a valid id.", "INVALID_FORMAT"))
        elif self.bounds is not None:
            return whole_number(name, value, *self.bounds, problems)
        elif self.type_.name == "Boolean":
            return _boolean(name, value, problems)
        elif self.type_.name == "String" and len(value) > MAX_TEXT:
            problems.append(
                bad_input(where, f"{name} must have at most {MAX_TEXT} characters.", "TOO_LONG", limit=MAX_TEXT)
            )
        elif self.searches and not _WORD.search(value):
            # A search without a word would find everything.
            problems.append(bad_input(where, f"{name} must hold a letter or a digit.", "INVALID_FORMAT"))
        elif self.type_.name == "String" and not value:
            problems.append(bad_input(where, f"{name} must not be empty.", "TOO_SHORT", limit=1))
        else:
            problems += wrong_values(self.type_, value, where)
        return value

    def _unknown(self, known: Known, value: str) -> list[Refusal]:
        """Return what is wrong with a text that is to be one of those known; the graph reads it without case."""
        where, name, words, said = f"query.{self.name}", self.name, known.words(), caseless(value)
        if said in words or (known.ids and _ID.fullmatch(said)):
            return []
        if known.ids:
            return [bad_input(where, f"{name} must be a valid id, or {' or '.join(words)}.", "INVALID_FORMAT")]
        return [bad_input(where, f"{name} must be one of {', '.join(words)}.", "NOT_ONE_OF", allowed=list(words))]


# What every change takes, which is no variable of its operation.
_DRY_RUN_TEXT = "`true` for a dry run, as with the header `Dry-Run`."
DRY_RUN = Parameter(PARAMETER, (PARAMETER,), GraphQLBoolean, False, False, _DRY_RUN_TEXT)


def whole_number(name: str, value: str, least: int, most: int, problems: list[Refusal]) -> int | None:
    """Return a whole number within bounds; None, with a problem more, for what is none."""
    digits = value[1:] if value[:1] == "-" else value
    if not (digits.isascii() and digits.isdigit()):
        problems.append(bad_input(f"query.{name}", f"{name} must be a whole number.", "WRONG_TYPE"))
        return None
    if len(digits) > DIGITS or not least <= int(value) <= most:
        text = f"{name} must be from {least} to {most}."
        problems.append(bad_input(f"query.{name}", text, "OUT_OF_RANGE", minimum=least, maximum=most))
        return None
    return int(value)


def _boolean(name: str, value: str, problems: list[Refusal]) -> bool:
    # Languages write them in their own case: Python's are True and False.
    said = value.lower()
    if said not in ("true", "false"):
        problems.append(bad_input(f"query.{name}", f"{name} must be true or false.", "WRONG_TYPE"))
    return said == "true"
