"""The migrations are one line, whose head a command prints."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from migrations.revisions import Revisions, revisions
from tests.support.repository import ROOT

BESIDE = '''"""A migration that follows one that another follows already."""

revision = "9999"
down_revision = "{}"
'''


def _printed(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "migrations"]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=60, check=False)


def test_the_head_is_printed() -> None:
    done = _printed(ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{revisions().head}\n", "")
    versions = sorted((ROOT / "migrations/versions").glob("*.py"))
    followed = [
        path for path in versions if f'down_revision = "{revisions().head}"' in path.read_text(encoding="utf-8")
    ]
    assert followed == []


def test_the_revisions_are_those_of_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    assert revisions() == Revisions(frozenset(each.revision for each in script.walk_revisions()), script.get_heads()[0])


@pytest.mark.parametrize("followed", ["0001", "0044"])
def test_two_heads_are_refused_in_a_line_that_names_both(tmp_path: Path, followed: str) -> None:
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    beside = tmp_path / "migrations/versions/9999_beside.py"
    beside.write_text(BESIDE.format(followed), encoding="utf-8")
    done = _printed(tmp_path)
    said = f"not one head but {revisions().head} and 9999: the `down_revision` of a new migration is the head before it"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"migrations: {said}\n")


@pytest.mark.parametrize("text", ["", 'revision = "9999"\n', "revision = '9999'\ndown_revision = \"0042\"\n"])
def test_a_file_that_does_not_say_what_it_is_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    (tmp_path / "migrations/versions/9999_beside.py").write_text(text, encoding="utf-8")
    done = _printed(tmp_path)
    rule = 'needs lines such as `revision = "0002"` and `down_revision = "0001"`'
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"migrations: 9999_beside.py {rule}\n")


def test_make_layers_looks_for_two_heads() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nlayers:")[1].split("\n\n")[0]
    assert "$(BIN)/python -m migrations" in recipe
