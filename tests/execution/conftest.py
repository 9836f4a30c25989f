"""Fixtures of the executor's tests."""

import gc

import pytest


@pytest.fixture(scope="module")
def settled_heap() -> None:
    """Let the garbage collector pass over what is there before the tests of a file that collect after each."""
    gc.collect()
    gc.freeze()
