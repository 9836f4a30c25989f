"""The heap of a process of tests, for those that look at what is in it, and for those that leave something in it."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., Any])


@pytest.fixture(scope="module")
def settled_heap() -> None:
    """Let the garbage collector pass over what is there before the tests of a file that collect again and again."""
    gc.collect()
    gc.freeze()


def leaves_coroutines(test: Test) -> Test:
    """Return a test that may leave coroutines unawaited, which end with it."""
    for mark in (
        pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
        pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
        pytest.mark.usefixtures("coroutines_collected"),
    ):
        test = mark(test)
    return test


@pytest.fixture
async def coroutines_collected(caplog: pytest.LogCaptureFixture) -> AsyncIterator[None]:
    """Collect what a test left while its filters of warnings still hold, not in a test after it."""
    yield
    # What graphql-core left to be awaited ends first.
    for _ in range(10):
        await asyncio.sleep(0)
    # A record of an error holds the frames that it passed through.
    caplog.get_records("call").clear()
    gc.collect()
