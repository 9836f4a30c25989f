"""Where the tests' servers keep their data: in memory where there is room, since no test needs a disk."""

import shutil
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")
# What the databases of all processes take, and as much again.
ENOUGH = 4 << 30


def memory_folder() -> Path | None:
    """Return the folder whose files are in memory. Return None, for the system's temporary folder, if there is none or
    too little room."""
    if SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free >= ENOUGH:
        return SHARED_MEMORY
    return None
