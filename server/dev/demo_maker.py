"""What makes the demo's rows: all that is random in one order, ids and times by their distance from the end."""

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

from models.jobs import JobFunction, JobState
from resolvers.collections.collection import Collection
from resolvers.lists.search_words import words_of

Row = dict[str, Any]


def search_words_of(collection: Collection, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows of ``search_words`` by which a search finds a collection's rows."""
    for row in rows:
        for word in words_of(row[name] for name in collection.searched):
            yield {"resource": collection.resource.prefix, "word": word, "subject_id": row["id"]}


class Maker:
    """All that is random, in one order, and all times by their distance from the end."""

    def __init__(self, seed: int, end: datetime) -> None:
        self.random = random.Random(seed)
        self.end = end
        self.created: dict[UUID, datetime] = {}

    def id_at(self, moment: datetime) -> UUID:
        head = int(moment.timestamp() * 1000) << 80 | 0x7 << 76 | self.random.getrandbits(12) << 64
        return UUID(int=head | 2 << 62 | self.random.getrandbits(62))

    def before_end(self, days: float) -> datetime:
        """Return a time so many days before the end."""
        return self.end - timedelta(days=days)

    def between(self, start: datetime, stop: datetime) -> datetime:
        """Return a moment, to the millisecond, from ``start`` on and before ``stop``."""
        return start + timedelta(milliseconds=self.random.randrange((stop - start) // timedelta(milliseconds=1)))

    def later(self, parents: list[Row], number: int, start: datetime, days: float) -> list[tuple[datetime, Row]]:
        """Return so many times a parent, with a moment in the days after it came, or the start; in their order."""
        found = []
        for _ in range(number):
            parent = self.random.choice(parents)
            since = max(start, self.created[parent["id"]])
            found.append((self.between(since, min(self.end, since + timedelta(days=days))), parent))
        return sorted(found, key=itemgetter(0))

    def row(self, moment: datetime, **columns: Any) -> Row:
        key = self.id_at(moment)
        self.created[key] = moment
        return {"id": key, "version": 1, "updated_at": moment} | columns

    def timer(self, function: JobFunction, subject: Row, moment: datetime) -> Row:
        """Return a job that is due at a moment, without the organization that is its key."""
        return {
            "id": self.id_at(self.end), "function": function, "subject_id": subject["id"], "queue": function.queue,
            "run_at": moment, "state": JobState.QUEUED, "attempt": 0, "claim_no": 0, "lease_token": None,
            "lease_until": None, "error_code": None, "finished_at": None,
        }  # fmt: skip

    def some(self, choices: tuple[str, ...]) -> list[str]:
        return self.random.sample(choices, self.random.choice((0, 0, 1, 1, 2)))
