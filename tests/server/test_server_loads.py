"""What a server loads when it starts, and what it leaves until it is needed."""

import subprocess
import sys

import pytest

from tests.support.repository import ROOT
from tests.support.settings import NEEDED

_STARTED = """
import sys
from server.app import create_app
from server.cli.main import main
from server.serve import serve
from server.settings import Settings, load
create_app(load(Settings))
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The packages and modules of a process that has made a server."""
    command = [sys.executable, "-c", _STARTED]
    done = subprocess.run(command, cwd=ROOT, env=NEEDED, capture_output=True, encoding="utf-8", check=True, timeout=300)
    return {*done.stdout.split()}


@pytest.mark.parametrize(
    "libraries", [("mcp", "mcp_types"), ("matplotlib",), ("opentelemetry",)], ids=["tools", "charts", "traces"]
)
def test_a_library_is_loaded_when_it_is_first_needed(libraries: tuple[str, ...], loaded: set[str]) -> None:
    assert {"server.app", "server.serve", "server.cli.main", "strawberry"} <= loaded
    assert [name for name in sorted(loaded) if name.partition(".")[0] in libraries] == []
