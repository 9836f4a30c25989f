"""Enums whose members say what they mean."""

from enum import StrEnum
from typing import Self


class DescribedEnum(StrEnum):
    """An enum of texts, each member with its meaning beside it: ``OPEN = "OPEN", "Waits for staff."``."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        """Make a member that is its value. (To look one up takes the value alone.)"""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member
