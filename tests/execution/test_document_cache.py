"""What is kept of documents is shared out among those who sent them."""

import pytest
from graphql import build_schema

from execution import DocumentCache, Operation
from execution.guard.errors import DocumentError

SCHEMA = build_schema("type Query { name: String }")


def kept(cache: DocumentCache, number: int, owner: str | None = None) -> Operation:
    """Return the operation of a text of its own, found or made and kept."""
    return cache.validated(cache.operation(f"{{ a{number}: name }}", None), None, owner)


def known(cache: DocumentCache, operation: Operation) -> bool:
    """Whether an operation is found by its text."""
    return cache.operation(operation.text, None) is operation


def test_the_owner_of_the_most_loses_what_it_used_least_recently() -> None:
    cache = DocumentCache(SCHEMA, size=4)
    theirs = kept(cache, 0, "them")
    mine = [kept(cache, number, "me") for number in range(1, 4)]
    assert known(cache, mine[0])
    for number in range(4, 20):
        kept(cache, number, "me")
        assert len(cache) == 4
        assert known(cache, mine[0])
    assert [known(cache, each) for each in (theirs, *mine)] == [True, True, False, False]
    # What somebody else sent is found, and counts for them as before.
    assert kept(cache, 0, "me") is theirs


def test_bytes_are_shared_out_too() -> None:
    weight = kept(DocumentCache(SCHEMA), 0).weight
    cache = DocumentCache(SCHEMA, most=4 * weight)
    theirs = [kept(cache, number, "them") for number in range(2)]
    mine = kept(cache, 2, "me")
    mine.grow(3 * weight)
    assert ([known(cache, each) for each in theirs], known(cache, mine), cache.weight) == (
        [True, True], False, 2 * weight,
    )  # fmt: skip
    mine.grow(10 * weight)
    assert cache.weight == 2 * weight, "what is no longer kept is not weighed"


def test_what_is_larger_than_all_that_may_be_kept_is_not_kept() -> None:
    cache = DocumentCache(SCHEMA, most=1)
    assert not known(cache, kept(cache, 0))
    assert (len(cache), cache.weight) == (0, 0)


def test_a_text_that_was_parsed_twice_is_kept_once() -> None:
    cache = DocumentCache(SCHEMA)
    first, again = [cache.operation("{ name }", None) for _ in range(2)]
    cache.validated(first, None, "me")
    cache.validated(again, None, "them")
    assert known(cache, again)
    assert (len(cache), cache.weight) == (1, again.weight)
    cache.validated(first, None, "me")
    assert known(cache, again)


def test_what_is_not_valid_is_not_kept() -> None:
    cache = DocumentCache(SCHEMA)
    with pytest.raises(DocumentError):
        cache.validated(cache.operation("{ unknown }", None), None, "me")
    assert len(cache) == 0
