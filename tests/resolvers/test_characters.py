"""Texts as they are printed: every one becomes text that a font can show, and no more than it said."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.typesetting.characters import BREAK, PIECE, REPLACEMENT, UNBROKEN, printable

ANY = st.text(st.characters(), max_size=200)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("one\r\ntwo\rthree\nfour\x0bfive\x85six\u2028seven", "one\ntwo\nthree\nfour\nfive\nsix\nseven"),
        ("a\tb", "a b"),
        ("a\x00b\x1b[0m", f"a{REPLACEMENT}b{REPLACEMENT}[0m"),
        ("\ud800 \ue000 \uffff \U0010fffe", f"{REPLACEMENT} {REPLACEMENT} {REPLACEMENT} {REPLACEMENT}"),
        ("100 \u202e001\u202c \u2066x\u2069 \ufeff\u200by", "100 001 x y"),
        ("\U000e0041hidden", "hidden"),
        ("مرحبا שלום 漢字 🎉 नमस्ते", "مرحبا שלום 漢字 🎉 नमस्ते"),
        ("می\u200cخواهم 👩\u200d💻 wieder\xadholt", "می\u200cخواهم 👩\u200d💻 wieder\xadholt"),
        ("= *b* #panic() $x$ <b> \\", "= *b* #panic() $x$ <b> \\"),
    ],
)
def test_a_text_is_printed_as(text: str, printed: str) -> None:
    assert printable(text) == printed


def test_a_long_run_may_be_broken_between_its_characters() -> None:
    assert printable("x" * UNBROKEN) == "x" * UNBROKEN
    assert printable("ab " + "x" * (UNBROKEN + 1)) == "ab " + BREAK.join(["x" * PIECE] * 3 + ["x"])
    assert printable("x" * 20, 10) == BREAK.join(["x" * PIECE, "x" * PIECE, "x" * 4])
    assert printable("x" * 1_000, None) == "x" * 1_000
    # What belongs together stays together.
    assert printable("xe\u0301\u0302" * 8) == BREAK.join(["xe\u0301\u0302xe\u0301\u0302"] * 4)
    assert printable("👩\u200d💻" * 12) == BREAK.join(["👩\u200d💻" * 3] * 4)


@given(ANY)
def test_any_text_can_be_printed(text: str) -> None:
    printed = printable(text)
    assert {unicodedata.category(each) for each in printed} & {"Cs", "Co"} == set()
    assert {each for each in printed if unicodedata.category(each) == "Cc"} <= {"\n"}
    printed.encode()


@given(st.text("ab \n", max_size=400))
def test_no_run_is_longer_than_it_may_be(text: str) -> None:
    assert max((len(part) for part in printable(text).replace(BREAK, " ").split()), default=0) <= UNBROKEN


@given(ANY)
def test_nothing_is_added_but_breaks(text: str) -> None:
    assert len(printable(text).replace(BREAK, "")) <= len(text)
    assert printable(printable(text)).replace(BREAK, "") == printable(text).replace(BREAK, "")
