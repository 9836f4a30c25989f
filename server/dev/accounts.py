"""Who the embedded PostgreSQL runs as, and where it may live, when we are root.

PostgreSQL refuses to run as root. Its data, and a copy of its programs, then belong into a folder that another user can
reach; no folder above is ever opened for that: where one is closed, a folder of our own under /var/lib is used instead.
"""

import errno
import hashlib
import os
import pwd
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server.errors import CommandError, EmbeddedError, SettingsError

SYSTEM_FOLDER = Path("/var/lib/counterfoil")
# In this order: a machine's own PostgreSQL user, then the one that owns nothing.
_NAMES = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user that a process runs as."""

    name: str
    uid: int
    gid: int

    def reaches(self, folder: Path) -> bool:
        """Return whether this user may pass through a folder and all that lie above it."""
        path = folder.resolve()
        for step in (path, *path.parents):
            found = step.stat()
            mine = found.st_uid == self.uid and found.st_mode & stat.S_IXUSR
            if not (mine or found.st_mode & stat.S_IXOTH):
                return False
        return True


def server_account() -> Account | None:
    """Return the user that PostgreSQL runs as: None for our own, another one when we are root.

    Raises EmbeddedError when there is none.
    """
    if os.geteuid() != 0:
        return None
    entries = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in _NAMES:
        if name in entries and entries[name].pw_uid != 0:
            return Account(name, entries[name].pw_uid, entries[name].pw_gid)
    raise EmbeddedError(f"PostgreSQL does not run as root, and there is no user {' or '.join(_NAMES)} to run it as")


def make_data_folder(folder: Path) -> None:
    """Make the data folder where it is missing; one that exists stays as it is."""
    if not folder.exists():
        folder.mkdir(parents=True)
        close_data_folder(folder)


@contextmanager
def data_folder_of(setting: Path) -> Iterator[Path]:
    """Yield COUNTERFOIL_DATA as an absolute path, for a block that looks into it first.

    Raises SettingsError, one line, where it cannot be a folder of ours, CommandError where its disk is full.
    """
    try:
        yield setting.resolve()
    except (OSError, RuntimeError) as error:
        # A circle of links is a RuntimeError in older Pythons.
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        error_type = CommandError if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) else SettingsError
        raise error_type(f"COUNTERFOIL_DATA: {reason}: {setting.absolute()}") from None


def close_data_folder(folder: Path) -> None:
    """Close a new folder of our own to others, except that root's lets the server's user pass through."""
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)


def server_home(folder: Path, account: Account | None, notice: Callable[[str], None]) -> Path:
    """Return the folder for PostgreSQL's data: inside the data folder, or under /var/lib where its user cannot reach
    that.

    The place is noted in the data folder, so that it is found again; where it was chosen anew, `notice` gets a line.
    """
    home = folder / "postgres"
    if account is None:
        home.mkdir(mode=0o700, exist_ok=True)
        return home
    pointer = folder / "postgres.path"
    if pointer.exists():
        home = Path(pointer.read_text(encoding="utf-8").strip())
    elif not account.reaches(folder):
        home = SYSTEM_FOLDER / hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
        notice(f"PostgreSQL runs as {account.name}, which cannot reach {folder.resolve()}: its data are in {home}")
        if home.exists():
            # Its data folder was removed, and the passwords with it: nothing can be read there any more.
            notice(f"removing {home}, whose data folder is gone")
            shutil.rmtree(home)
        for step in (SYSTEM_FOLDER, home):
            step.mkdir(exist_ok=True)
            step.chmod(0o711)
        pointer.write_text(f"{home}\n", encoding="utf-8")
    if not home.exists():
        home.mkdir()
        home.chmod(0o711)
    return home
