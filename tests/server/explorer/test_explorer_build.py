"""How the pages are built: one build and one installation at a time, and each once."""

import asyncio
import fcntl
import json
import subprocess
import sys
from pathlib import Path

from server.dev.command import IS_BUILT
from tests.support.node import installed, run
from tests.support.repository import ROOT

LOCKED, NPM_CI = (str(ROOT / "explorer" / name) for name in ("locked", "npm-ci"))
# Fails if it is not alone; reads and writes nothing else.
ALONE = "import os, sys, time; os.mkdir('held'); time.sleep(0.3); os.rmdir('held'); print('done')"


async def test_who_comes_second_waits(tmp_path: Path) -> None:
    one = [run(tmp_path, LOCKED, "a.lock", sys.executable, "-c", ALONE) for _ in range(3)]
    assert await asyncio.gather(*one) == ["done\n"] * 3


def test_whether_they_are_built_is_known_while_they_are() -> None:
    with (ROOT / "explorer" / "build.lock").open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        older = subprocess.run((*IS_BUILT, "--what-if=explorer/package-lock.json"), cwd=ROOT, check=False, timeout=60)
    assert older.returncode == 1


async def test_what_a_lock_names_is_installed_once(tmp_path: Path) -> None:
    named = {"name": "nothing", "version": "1.0.0"}
    (tmp_path / "package.json").write_text(json.dumps(named), encoding="utf-8")
    lock = named | {"lockfileVersion": 3, "packages": {"": named}}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    await installed(tmp_path, least=20, wanted="an installation")
    own = tmp_path / "node_modules" / "own"
    own.touch()
    await asyncio.gather(*[run(tmp_path, NPM_CI, ".") for _ in range(2)])
    assert own.exists()
    (tmp_path / "package-lock.json").write_text(json.dumps(lock, indent=2), encoding="utf-8")
    await asyncio.gather(*[run(tmp_path, NPM_CI, ".") for _ in range(2)])
    assert not own.exists()
    assert (tmp_path / "node_modules" / ".lock").exists()
