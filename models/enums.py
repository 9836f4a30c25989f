"""Enums whose members say what they mean."""

from enum import StrEnum
from typing import Any, Self

# Words of names that are written otherwise than in small letters.
_WRITTEN = {
    "api": "API",
    "cli": "CLI",
    "id": "ID",
    "mcp": "MCP",
    "mrr": "MRR",
    "pdf": "PDF",
    "rest": "REST",
    "url": "URL",
}


class DescribedEnum(StrEnum):
    """An enum of texts, each member with its meaning beside it: ``OPEN = "OPEN", "Waits for staff."``.

    What else an enum says of each of its members follows the meaning, and is in ``facts``.
    """

    meaning: str
    facts: tuple[Any, ...]

    def __new__(cls, value: str, meaning: str = "", *facts: Any) -> Self:
        """Make a member that is its value. (To look one up takes the value alone.)"""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        member.facts = facts
        return member

    @property
    def label(self) -> str:
        """Return its name as a person reads it: ``In progress``."""
        words = [_WRITTEN.get(word, word) for word in self.name.lower().split("_")]
        return f"{words[0][:1].upper()}{words[0][1:]} {' '.join(words[1:])}".strip()
