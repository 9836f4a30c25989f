"""The audit of the npm package graphql-http, which holds a server against the GraphQL over HTTP specification."""

import asyncio
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import Org

PROJECT = Path(__file__).parent / "graphql_http"
LOCK = PROJECT / "package-lock.json"
STAMP = PROJECT / "node_modules" / ".lock"
# Fetch is a part of Node from here on.
LEAST_NODE = 18
SECONDS = 240
AUDITS = 61


async def _run(*command: str, **environment: str) -> str:
    """What a command of the project printed. Raises AssertionError with all that it said where it failed."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=PROJECT, env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS):
            out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, f"{' '.join(command)}\n{out.decode()}\n{errors.decode()}"
    return out.decode()


async def _audit(url: str, key: str | None) -> list[dict[str, Any]]:
    environment = {"COUNTERFOIL_URL": url, "COUNTERFOIL_KEY": key or ""}
    results: list[dict[str, Any]] = json.loads(await _run("node", "audit.mjs", **environment))
    return results


@pytest.fixture
async def node_modules() -> None:
    """What the lock names, installed once for each state of it. Skips where there is no Node."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("NODE IS MISSING: the GraphQL over HTTP audit did not run (.ci/run brings Node)")
    version = (await _run("node", "--version")).strip().removeprefix("v")
    if int(version.partition(".")[0]) < LEAST_NODE:
        pytest.skip(f"NODE {version} IS TOO OLD: the GraphQL over HTTP audit needs {LEAST_NODE} (.ci/run brings it)")
    state = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not STAMP.exists() or STAMP.read_text(encoding="utf-8") != state:
        await _run("npm", "ci", "--ignore-scripts")
        STAMP.write_text(state, encoding="utf-8")


@pytest.mark.usefixtures("node_modules")
async def test_every_audit_passes_with_a_key(acme: Org, api: str) -> None:
    results = await _audit(f"{api}/graphql", acme.key)
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == AUDITS


def test_the_lock_names_no_host_beside_its_hashes() -> None:
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    for package in packages.values():
        assert package["integrity"].startswith("sha512-")
        assert not {"resolved", "funding"} & package.keys()
    assert "://" not in LOCK.read_text(encoding="utf-8")
