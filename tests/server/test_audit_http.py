"""The audit of the npm package graphql-http, which holds a server against the GraphQL over HTTP specification."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import Org
from tests.support.node import installed, run

PROJECT = Path(__file__).parent / "graphql_http"
# Fetch is a part of Node from here on.
LEAST_NODE = 18
AUDITS = 61


async def _audit(url: str, key: str | None) -> list[dict[str, Any]]:
    environment = {"COUNTERFOIL_URL": url, "COUNTERFOIL_KEY": key or ""}
    results: list[dict[str, Any]] = json.loads(await run(PROJECT, "node", "audit.mjs", **environment))
    return results


@pytest.fixture
async def node_modules() -> None:
    await installed(PROJECT, least=LEAST_NODE, wanted="the GraphQL over HTTP audit")


@pytest.mark.usefixtures("node_modules")
async def test_every_audit_passes_with_a_key(acme: Org, api: str) -> None:
    results = await _audit(f"{api}/graphql", acme.key)
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == AUDITS
