"""The revisions that this code knows, and what it asks of a database.

Revisions are read from the text of their files, since every server asks for them when it starts: Alembic would add a
quarter to the time that takes.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# A server that takes a connection and says nothing is given up after so long.
CONNECT_S = 10
ENCODING = "UTF8"
VERSIONS = Path(__file__).parent / "versions"
_NAMES = re.compile(r'^(revision|down_revision) = (?:"(\w+)"|None)$', re.MULTILINE)


class WrongEncoding(Exception):
    """A database cannot keep every text; the text of the error says what to do."""

    def __init__(self, encoding: str) -> None:
        super().__init__(f"the database has the encoding {encoding}: create one with the encoding {ENCODING}")


@dataclass(frozen=True)
class Revisions:
    """The revisions that this code knows, and the newest of them."""

    known: frozenset[str]
    head: str


@cache
def revisions() -> Revisions:
    """Return the revisions of the folder ``versions``. Raises ValueError if they are not one line, or a file does not
    say what it is."""
    found = [_names_in(path) for path in VERSIONS.glob("[!_]*.py")]
    known = frozenset(each["revision"] for each in found)
    heads = sorted(known - {each["down_revision"] for each in found})
    if len(heads) != 1:
        rule = "the `down_revision` of a new migration is the head before it"
        raise ValueError(f"not one head but {' and '.join(heads)}: {rule}")
    return Revisions(known, heads[0])


def _names_in(path: Path) -> dict[str, str]:
    names: dict[str, str] = dict(_NAMES.findall(path.read_text(encoding="utf-8")))
    if not names.get("revision") or "down_revision" not in names:
        raise ValueError(f'{path.name} needs lines such as `revision = "0002"` and `down_revision = "0001"`')
    return names
