"""What a process hears of is all that there is, whichever module it imports first."""

import json
import subprocess
import sys

from models.resources import RESOURCES, events
from resolvers.live.events import heard_of
from schema.live.fields import HEARINGS
from tests.support.repository import ROOT

# As early as they can be imported, and then what a process serves.
PROGRAM = """
import json, uuid
from resolvers.changes.recorded_changes import target_id
from resolvers.live.events import heard_of, published
import server.app
from models.resources import RESOURCES
targets = {each.subject: target_id(each.subject + ":create", uuid.UUID(int=0)) for each in RESOURCES.values()}
print(json.dumps([sorted(published()), sorted(heard_of()), targets]))
"""


def test_every_type_and_every_target_is_known() -> None:
    answer = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert answer.returncode == 0, answer.stderr.decode()
    published, heard, targets = json.loads(answer.stdout)
    assert published == sorted(name for name, _, _ in events())
    assert "message.created" in published
    assert heard == sorted(heard_of())
    assert {name: found.partition("_")[0] for name, found in targets.items()} == {
        each.subject: each.prefix for each in RESOURCES.values()
    }


def test_every_type_that_a_field_hears_of_is_of_an_object() -> None:
    assert {name for hearing in HEARINGS.values() for name in hearing.types or ()} <= heard_of().keys()
