"""The environment of the `dev` that runs on a data folder."""

import fcntl
from pathlib import Path

from server.dev.env_files import read_env

URLS = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL")
KEYS = ("KEY_PEPPERS", "SECRET_KEYS", "SEAL_KEYS", "SIGNING_KEYS")


def running_environment(folder: Path) -> dict[str, str]:
    """Return the settings of the `dev` that runs on a data folder; empty when none does."""
    lock, urls, keys = folder / "dev.lock", folder / "dev.env", folder / "secrets.env"
    if not (lock.exists() and urls.exists()):
        return {}
    with lock.open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return read_env(keys) | read_env(urls)
    return {}
