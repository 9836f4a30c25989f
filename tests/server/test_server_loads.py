"""What a server loads when it starts, what it leaves until it is needed, and that it then hears of all there is."""

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest

from models.resources import RESOURCES, events
from resolvers.live.events import heard_of
from schema.live.fields import HEARINGS
from tests.support.repository import ROOT
from tests.support.settings import NEEDED

# What hears of types as early as it can be imported, and then what a process serves.
_STARTED = """
import json, sys, uuid
from resolvers.changes.recorded_changes import target_id
from resolvers.live.events import heard_of, published
from server.app import create_app
from server.cli.main import main
from server.serve import serve
from server.settings import Settings, load
create_app(load(Settings))
loaded = [*sys.modules]
from models.resources import RESOURCES
targets = {each.subject: target_id(each.subject + ":create", uuid.UUID(int=0)) for each in RESOURCES.values()}
print(json.dumps([loaded, sorted(published()), sorted(heard_of()), targets]))
"""


@dataclass(frozen=True)
class _Started:
    """What a process tells that has made a server: its packages and modules, and what it knows of events."""

    loaded: list[str]
    published: list[str]
    heard: list[str]
    targets: dict[str, str]


@pytest.fixture(scope="module")
def started() -> _Started:
    command = [sys.executable, "-c", _STARTED]
    done = subprocess.run(command, cwd=ROOT, env=NEEDED, capture_output=True, encoding="utf-8", check=True, timeout=300)
    return _Started(*json.loads(done.stdout))


@pytest.mark.parametrize(
    "libraries", [("mcp", "mcp_types"), ("matplotlib",), ("opentelemetry",)], ids=["tools", "charts", "traces"]
)
def test_a_library_is_loaded_when_it_is_first_needed(libraries: tuple[str, ...], started: _Started) -> None:
    assert {"server.app", "server.serve", "server.cli.main", "strawberry"} <= {*started.loaded}
    assert [name for name in sorted(started.loaded) if name.partition(".")[0] in libraries] == []


def test_every_type_and_every_target_is_known(started: _Started) -> None:
    assert started.published == sorted(name for name, _, _ in events())
    assert "message.created" in started.published
    assert started.heard == sorted(heard_of())
    assert {name: found.partition("_")[0] for name, found in started.targets.items()} == {
        each.subject: each.prefix for each in RESOURCES.values()
    }


def test_every_type_that_a_field_hears_of_is_of_an_object() -> None:
    assert {name for hearing in HEARINGS.values() for name in hearing.types or ()} <= heard_of().keys()
