"""Files of processes that may end while they are looked at."""

import json
from pathlib import Path


def read_if_there(path: Path) -> bytes | None:
    """Return what a file holds; None if it is gone, as the process that it was about may be."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None


def noted_pids(notes: Path) -> dict[str, int]:
    """Return the numbers of the processes that a supervisor has noted in a folder, by their names."""
    read = ((path.stem, read_if_there(path)) for path in notes.glob("[!.]*.pid"))
    return {name: json.loads(note)["pid"] for name, note in read if note is not None}
