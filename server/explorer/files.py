"""The built files, each with its compressed form, read once."""

from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path

BUILT = Path(__file__).parent / "built"
_COMPRESSED = ".gz"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file's bytes, its compressed bytes and its media type."""

    plain: bytes
    gzip: bytes | None
    media: bytes


class Built:
    """The files of a folder, by their names. A folder that is not there yet is looked for again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, StaticFile] = {}

    @property
    def failed(self) -> bool:
        """Return whether the last build failed, of which `make explorer` leaves a file beside the folder."""
        return self._folder.with_name("failed").exists()

    def get(self, name: str) -> StaticFile | None:
        """Return a file; None where there is none of that name, or nothing is built."""
        if not self._files and self._folder.is_dir():
            self._files = {path.name: _read(path) for path in self._folder.iterdir() if path.suffix != _COMPRESSED}
        return self._files.get(name)


def _read(path: Path) -> StaticFile:
    compressed = path.with_name(path.name + _COMPRESSED)
    media = guess_type(path.name)[0] or "application/octet-stream"
    return StaticFile(path.read_bytes(), compressed.read_bytes() if compressed.exists() else None, media.encode())
