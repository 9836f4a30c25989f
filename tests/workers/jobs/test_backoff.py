"""How long a job waits for its next attempt: twice as long each time, within bounds."""

import pytest

from workers.jobs.backoff import JITTER, backoff


@pytest.mark.parametrize(("tries", "seconds"), [(0, 10), (1, 20), (3, 80), (4, 100), (1_000_000, 100)])
def test_a_wait_is_doubled_up_to_the_longest(tries: int, seconds: float) -> None:
    found = backoff(10, longest=100)(tries)
    assert found is not None
    assert seconds * (1 - JITTER) <= found <= seconds * (1 + JITTER)


def test_after_the_last_attempt_there_is_none() -> None:
    delays = [backoff(10, attempts=5)(tries) for tries in range(1, 7)]
    assert [delay is None for delay in delays] == [False] * 4 + [True] * 2
