"""The heap of a process of tests, for those that look at what is in it."""

import gc

import pytest


@pytest.fixture(scope="module")
def settled_heap() -> None:
    """Let the garbage collector pass over what is there before the tests of a file that collect again and again."""
    gc.collect()
    gc.freeze()
