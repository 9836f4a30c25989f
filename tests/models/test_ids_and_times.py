"""How ids and times look."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from models.typeid import ALPHABET, created_at, decode, encode
from schema.declaration.moments import shown_creation, shown_moment

FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)


def test_a_time_is_shown_as_rfc_3339_with_milliseconds() -> None:
    chance = Random(1)
    span = (LAST - FIRST) // timedelta(milliseconds=1)
    moments = [FIRST, LAST, *(FIRST + timedelta(milliseconds=chance.randrange(span)) for _ in range(2_000))]
    for moment in moments:
        assert shown_moment(moment) == moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def test_the_time_in_an_id_is_shown_in_the_same_way() -> None:
    chance = Random(2)
    for _ in range(2_000):
        key = UUID(int=chance.randrange(253_402_300_800_000) << 80 | chance.getrandbits(80))
        assert shown_creation(key) == shown_moment(created_at(key))


@pytest.mark.parametrize("number", [0, 1, (1 << 128) - 1, 0x0188BAC7_4AFA_78AA_BC3B_BD1EEF28D881])
def test_an_id_is_its_number_in_base_32(number: int) -> None:
    digits = "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
    assert encode("order", UUID(int=number)) == f"order_{digits}"
    assert decode("order", f"order_{digits}") == UUID(int=number)
