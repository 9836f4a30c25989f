"""Removing what `counterfoil dev` keeps: by name, for the data folder may hold what is not ours."""

import shutil
from pathlib import Path

from server.dev import accounts
from server.errors import DevError

FILES = ("dev.env", "servers.env", "secrets.env", "demo.key", "postgres.path")
FOLDERS = ("postgres", "valkey")


def remove_data(folder: Path) -> None:
    """Remove the servers' data, the passwords, the secrets and the demo key of a data folder on which nothing runs.

    Raises DevError when the noted place of PostgreSQL's data is none that was chosen here.
    """
    pointer = folder / "postgres.path"
    homes = [folder / name for name in FOLDERS]
    if pointer.exists():
        elsewhere = Path(pointer.read_text(encoding="utf-8").strip())
        if elsewhere.parent != accounts.SYSTEM_FOLDER:
            raise DevError(f"{pointer} names {elsewhere}, which dev did not make: remove both by hand")
        homes.append(elsewhere)
    for home in homes:
        if home.exists():
            shutil.rmtree(home)
    # The passwords last: without its data they are nothing, but data without them cannot be opened.
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
