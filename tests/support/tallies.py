"""What was sent to each route and root field by requests that are made up, and what came back, as a table."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

MOST_SHOWN = 5


@dataclass
class Tally:
    """How often a route or a root field answered with each status, and what was wrong with its answers."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def failed(self, sent: Any, why: BaseException) -> None:
        """Take note of an answer that is not as documented."""
        causes = why.exceptions if isinstance(why, BaseExceptionGroup) else [why]
        self.failures.append(f"{sent}\n{'; '.join(map(str, causes))}")


def none_failed(tallies: Iterable[Tally]) -> None:
    """Raise AssertionError with the first answers that are not as documented."""
    failures = [failure for each in tallies for failure in each.failures]
    assert not failures, "\n\n".join([f"{len(failures)} answers", *failures[:MOST_SHOWN]])


# By the name of the route or the root field, of all tests of this process.
TALLIES: dict[str, Tally] = {}


def tally(name: str) -> Tally:
    """The tally of a route or a root field."""
    return TALLIES.setdefault(name, Tally())


def table() -> Iterator[str]:
    """What was sent and what came back, a line for each route and root field, and one for all."""
    statuses = sorted({status for each in TALLIES.values() for status in each.statuses})
    width = max(map(len, TALLIES))

    def line(name: str, counts: Counter[int], failures: int) -> str:
        cells = "".join(f"{counts[status] or '':>7}" for status in statuses)
        return f"{name:<{width}}{counts.total():>8}{cells}{failures:>10}"

    yield f"{'':<{width}}{'sent':>8}{''.join(f'{status:>7}' for status in statuses)}{'failures':>10}"
    everything: Counter[int] = Counter()
    for name, each in TALLIES.items():
        everything += each.statuses
        yield line(name, each.statuses, len(each.failures))
    yield line("all", everything, sum(len(each.failures) for each in TALLIES.values()))
