"""Files that are there whole or not at all: what cannot be written is named as it was given, and leaves nothing."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from server.drafts import drafted, write_private
from server.errors import CommandError
from tests.support.commands import environment, org, run
from tests.support.servers import Backends

__all__ = ["environment", "org"]

pytestmark = pytest.mark.usefixtures("logging_restored")


def test_an_earlier_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_private(file, "one")
    assert oct(file.stat().st_mode & 0o777) == "0o600"

    def interrupted() -> None:
        with drafted(file) as write:
            write(b"two")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert file.read_text(encoding="utf-8") == "one"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    with pytest.raises(CommandError, match=f"^No such file or directory: {tmp_path}/none/file$"):
        write_private(tmp_path / "none" / "file", "one")


def test_a_file_that_cannot_be_written_is_named_as_it_was_given(
    environment: Backends, org: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for name, said in (
        ("none/x", "No such file or directory"),
        ("file/x", "Not a directory"),
        ("folder", "Is a directory"),
        ("x" * 300, "File name too long"),
    ):
        out = str(tmp_path / name)
        assert run(capsys, "audit", "export", "--org", org, "--out", out) == (1, "", f"counterfoil: {said}: {out}\n")
    for out in ("", "/", "."):
        said = "counterfoil: --out: must name a file\n"
        assert run(capsys, "audit", "export", "--org", org, "--out", out) == (2, "", said)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_disk_that_fills_during_an_export_is_not_the_databases(
    environment: Backends, org: str, tmp_path: Path
) -> None:
    file = tmp_path / "bundle"
    file.write_text("an earlier one", encoding="utf-8")
    # A limit on the size of files stands for a full disk: the write fails in the same place.
    done = subprocess.run(
        [sys.executable, "-m", "server.cli", "audit", "export", "--org", org, "--out", str(file)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
        capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"counterfoil: File too large: {file}\n")
    assert file.read_text(encoding="utf-8") == "an earlier one"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
