"""Token buckets: how much one gives, how fast it fills, when to come again, and how many are kept."""

import pytest

from server.access.token_bucket import TokenBucket, TokenBuckets


def test_a_new_one_is_full_and_never_more_than_that() -> None:
    bucket = TokenBucket(10, 2, 100.0)
    assert bucket.refilled(100.0) == 10
    assert bucket.refilled(1_000.0) == 10


def test_what_was_taken_comes_back_with_time() -> None:
    bucket = TokenBucket(10, 2, 100.0)
    bucket.left -= 7
    assert [bucket.refilled(moment) for moment in (100.0, 100.5, 101.0, 103.5, 104.0)] == [3, 4, 5, 10, 10]


def test_it_may_owe_and_pays_that_first() -> None:
    bucket = TokenBucket(10, 2, 100.0)
    bucket.left -= 25
    assert (bucket.refilled(105.0), bucket.refilled(112.5)) == (-5, 10)


@pytest.mark.parametrize(
    ("left", "cost", "seconds"),
    [(10, 4, 1), (3, 4, 1), (3, 5, 1), (3, 6, 2), (2.5, 6, 2), (0, 10, 5), (-5, 10, 8), (-5, 0, 3), (0, 99, 5)],
)
def test_the_time_to_wait_is_until_the_cost_is_there(left: float, cost: float, seconds: int) -> None:
    bucket = TokenBucket(10, 2, 100.0)
    bucket.left = left
    assert bucket.wait(cost) == seconds
    assert bucket.refilled(100.0 + seconds) >= min(cost, bucket.size)


def test_one_that_fills_slowly() -> None:
    bucket = TokenBucket(10, 1 / 6, 0.0)
    bucket.left = 0.5
    assert bucket.wait(1) == 3


def test_each_key_has_its_own() -> None:
    buckets = TokenBuckets[str](10, 1, 3)
    buckets.refilled("a", 0.0).left -= 10
    assert (buckets.refilled("a", 4.0).left, buckets.refilled("b", 4.0).left) == (4, 10)


def test_the_one_that_was_used_longest_ago_is_forgotten() -> None:
    buckets = TokenBuckets[str](10, 1, 3)
    for key in ("a", "b", "c", "a", "d"):
        buckets.refilled(key, 0.0).left -= 5
    assert len(buckets) == 3
    # That of b was forgotten for d's: it is full again, and takes the place of c's.
    assert [buckets.refilled(key, 0.0).left for key in ("a", "d", "b", "c")] == [0, 5, 10, 10]
