"""What is installed in production: the wheel has every file that the code reads, and works outside the checkout."""

import os
import re
import subprocess
import sys
import zipfile
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
BUILD = "from setuptools.build_meta import build_wheel; build_wheel({!r})"


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


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of what is tracked."""
    return copied(tmp_path / "source")


def copied(source: Path) -> Path:
    """Copy what is tracked into a folder."""
    for name in shell("git", "ls-files", folder=ROOT).splitlines():
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    return source


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of what is tracked and of what `make explorer` builds, unpacked."""
    built, unpacked = (tmp_path_factory.mktemp(name) for name in ("built", "unpacked"))
    source = copied(tmp_path_factory.mktemp("source"))
    for name in EXPLORER:
        (source / name).parent.mkdir(exist_ok=True, parents=True)
        (source / name).write_bytes(b"built")
    shell(sys.executable, "-c", BUILD.format(str(built)), folder=source)
    with zipfile.ZipFile(next(built.iterdir())) as packed:
        packed.extractall(unpacked)
    return unpacked


def test_the_wheel_has_every_file_of_the_rooms_and_nothing_else(wheel: Path) -> None:
    tracked = {
        name
        for name in shell("git", "ls-files", *rooms(), folder=ROOT).splitlines()
        if not name.endswith(".mako") and (ROOT / name).exists()
    }
    packed = {str(path.relative_to(wheel)) for path in wheel.rglob("*") if path.is_file()}
    assert {name for name in packed if ".dist-info/" not in name} == (tracked - GENERATED) | EXPLORER


def test_it_works_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    def counterfoil(*words: str) -> str:
        # -P: not from the folder that it is called in.
        return shell(sys.executable, "-P", "-m", "server.cli", *words, folder=tmp_path, PYTHONPATH=str(wheel))

    assert counterfoil("--version").startswith("counterfoil ")
    for words, path in (
        (("schema", "print"), "schema/schema.graphql"),
        (("openapi", "print"), "rest_shim/openapi.json"),
    ):
        assert counterfoil(*words).strip() == (ROOT / path).read_text(encoding="utf-8").strip()
    head = "from migrations.revisions import revisions; print(revisions().head)"
    found = shell(sys.executable, "-P", "-c", head, folder=tmp_path, PYTHONPATH=str(wheel)).strip()
    assert (wheel / "migrations" / "versions").is_dir()
    assert list((wheel / "migrations" / "versions").glob(f"{found}_*.py")) != []


def test_the_container_file_copies_every_room() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    assert re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE) == ["explorer", *rooms()]


def test_make_wheel_says_one_line_and_fails_where_the_build_does(source: Path) -> None:
    def make(**more: str) -> "subprocess.CompletedProcess[str]":
        # `-o`: with what is installed here.
        command = (
            "make",
            "--no-print-directory",
            "-o",
            ".venv/.installed",
            # The pages are not built here.
            "-o",
            "server/explorer/built/index.html",
            "wheel",
            f"BIN={Path(sys.executable).parent}",
        )
        environment = {"PATH": os.environ["PATH"]} | more
        return subprocess.run(
            command, cwd=source, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=300
        )

    for more in ({}, {"PYTHONDONTWRITEBYTECODE": "1"}):
        done = make(**more)
        built = [path.name for path in (source / "dist").iterdir() if path.suffix == ".whl"]
        assert (done.returncode, done.stdout, done.stderr) == (0, f"== Built dist/{built[0]}\n", "")
        assert sorted(path.name for path in (source / "dist").iterdir()) == [*built, "requirements.txt"]
    broken = source / "pyproject.toml"
    broken.write_text(
        broken.read_text(encoding="utf-8").replace("[project]\n", "[project]\nnonsense = 1\n"), encoding="utf-8"
    )
    done = make()
    assert (done.returncode != 0, done.stdout) == (True, "")
    assert not (source / "dist" / "requirements.txt").exists()
