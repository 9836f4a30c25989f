"""What is installed in production: the wheel has every file that the code reads, and works outside the checkout."""

import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.repository import ROOT

# Generated for people and tools; the code makes both.
GENERATED = {"rest_shim/openapi.json"}
# Built by `make explorer`.
EXPLORER = {
    f"server/explorer/built/{name}"
    for name in ("index.html", "index-1.js.gz", "reference.html", "THIRD-PARTY-LICENSES.txt")
}


def shell(*command: str, folder: Path, **more: str) -> str:
    """What a command prints."""
    environment = {"PATH": os.environ["PATH"]} | more
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rooms() -> list[str]:
    """The rooms that a server needs, as pyproject.toml lists them."""
    listed = re.search(r"^root_packages = \[(.*)\]$", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)
    assert listed is not None
    return re.findall(r'"(\w+)"', listed[1])


def copied(source: Path) -> Path:
    """Copy what is tracked into a folder."""
    for name in shell("git", "ls-files", folder=ROOT).splitlines():
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    return source


@dataclass(frozen=True)
class _Made:
    """What `make wheel` said in a copy of what is tracked, beside what `make explorer` builds, and the wheel,
    unpacked."""

    source: Path
    wheel: Path
    said: "subprocess.CompletedProcess[str]"
    files: list[str]

    @classmethod
    def of(cls, source: Path, unpacked: Path) -> "_Made":
        said = make(source)
        with zipfile.ZipFile(next((source / "dist").glob("*.whl"))) as packed:
            packed.extractall(unpacked)
        return cls(source, unpacked, said, listed(source))


def make(source: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run `make wheel`, with what is installed here (`-o`), and with pages that are not built here."""
    command = (
        *("make", "--no-print-directory", "-o", ".venv/.installed", "-o", "server/explorer/built/index.html"),
        *("wheel", f"BIN={Path(sys.executable).parent}"),
    )  # fmt: skip
    environment = {"PATH": os.environ["PATH"]} | more
    return subprocess.run(
        command, cwd=source, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=300
    )


def listed(source: Path) -> list[str]:
    """The files that it left, in order."""
    return sorted(path.name for path in (source / "dist").iterdir())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> _Made:
    source = copied(tmp_path_factory.mktemp("source"))
    for name in EXPLORER:
        (source / name).parent.mkdir(exist_ok=True, parents=True)
        (source / name).write_bytes(b"built")
    return _Made.of(source, tmp_path_factory.mktemp("unpacked"))


def test_the_wheel_has_every_file_of_the_rooms_and_nothing_else(made: _Made) -> None:
    tracked = {
        name
        for name in shell("git", "ls-files", *rooms(), folder=ROOT).splitlines()
        if not name.endswith(".mako") and (ROOT / name).exists()
    }
    packed = {str(path.relative_to(made.wheel)) for path in made.wheel.rglob("*") if path.is_file()}
    assert {name for name in packed if ".dist-info/" not in name} == (tracked - GENERATED) | EXPLORER


# What the commands print, one after the other in one process.
PRINTED = """
from migrations.revisions import revisions
from server.cli.main import main
for words in (["schema", "print"], ["openapi", "print"]):
    assert main(words) == 0
    print("== END", flush=True)
print(revisions().head)
"""


def test_it_works_outside_the_checkout(made: _Made, tmp_path: Path) -> None:
    def python(*words: str) -> str:
        # -P: not from the folder that it is called in.
        return shell(sys.executable, "-P", *words, folder=tmp_path, PYTHONPATH=str(made.wheel))

    assert python("-m", "server.cli", "--version").startswith("counterfoil ")
    *printed, head = python("-c", PRINTED).split("== END\n")
    paths = ("schema/schema.graphql", "rest_shim/openapi.json")
    for text, path in zip(printed, paths, strict=True):
        assert text.strip() == (ROOT / path).read_text(encoding="utf-8").strip()
    versions = made.wheel / "migrations" / "versions"
    assert versions.is_dir()
    assert [*versions.glob(f"{head.strip()}_*.py")] != []


def test_the_container_file_copies_every_room() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    assert re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE) == ["explorer", *rooms()]


def test_make_wheel_says_one_line_and_fails_where_the_build_does(made: _Made) -> None:
    again = make(made.source, PYTHONDONTWRITEBYTECODE="1")
    for done, files in ((made.said, made.files), (again, listed(made.source))):
        (built,) = (name for name in files if name.endswith(".whl"))
        assert (done.returncode, done.stdout, done.stderr) == (0, f"== Built dist/{built}\n", "")
        assert files == [built, "requirements.txt"]
    broken = made.source / "pyproject.toml"
    broken.write_text(
        broken.read_text(encoding="utf-8").replace("[project]\n", "[project]\nnonsense = 1\n"), encoding="utf-8"
    )
    done = make(made.source)
    assert (done.returncode != 0, done.stdout) == (True, "")
    assert not (made.source / "dist" / "requirements.txt").exists()
