"""The order of files among several processes: the longest first, so that none ends long after the others."""

from collections import Counter
from collections.abc import Callable, Iterable

# Those that take a process ten seconds and more, the longest first, as `--durations=0` of the whole suite says.
LONG = (
    "execution/test_executor.py",
    "resolvers/test_filter_plans.py",
    "schema/test_growth.py",
    "contract/test_openapi_requests.py",
    "schema/test_nulls.py",
    "schema/test_garbage.py",
    "house/test_packaging.py",
    "workers/reports/test_charts.py",
    "house/test_bench.py",
    "schema/test_generated.py",
    "schema/test_inlined.py",
    "server/dev/test_demo.py",
    "contract/test_tenancy.py",
    "house/test_house.py",
    "contract/test_walks.py",
    "contract/test_schema_requests.py",
)
_RANKS = {f"tests/{name}": rank for rank, name in enumerate(LONG)}


def longest_first(ids: Iterable[str]) -> Callable[[str], tuple[int, int, str]]:
    """Return a key that sorts tests by their files: those that are known to be long, then those with many tests."""
    tests = Counter(_file_of(each) for each in ids)

    def place(test: str) -> tuple[int, int, str]:
        file = _file_of(test)
        return _RANKS.get(file, len(_RANKS)), -tests[file], file

    return place


def _file_of(test: str) -> str:
    return test.partition("::")[0]
