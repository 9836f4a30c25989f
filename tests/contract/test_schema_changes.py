"""What changed in the schema since the last release: nothing that breaks a client without warning."""

from importlib.metadata import version

import pytest

from schema.contract.changes import BROKEN_BEFORE, RELEASED, breaking, changes, changes_table
from schema.requests.printed import printed_schema
from tests.support.repository import ROOT

CURRENT = printed_schema()
# A schema in which one thing of each kind is deprecated.
BEFORE = """
directive @requires(scope: String!) on OBJECT | FIELD_DEFINITION
interface Node { id: ID! }
enum Color { RED GREEN @deprecated(reason: "Use RED.") }
input Filter { color: Color = RED, old: Int @deprecated(reason: "Use color.") }
type Gone { a: Int }
type Thing implements Node @requires(scope: "things:read") {
  id: ID!, name: String!, old: Gone @deprecated(reason: "No use.")
}
type Query {
  thing(id: ID!, old: Int @deprecated(reason: "No use.")): Thing
  things(filter: Filter, first: Int = 20): [Thing!]!
}
"""


def test_nothing_breaks_a_client_without_warning() -> None:
    assert set(breaking(CURRENT)) - BROKEN_BEFORE == set(), (
        "deprecate it, with what replaces it, and remove it after the next release"
    )


def test_what_was_broken_before_is_still_broken() -> None:
    assert set(breaking(CURRENT)) >= BROKEN_BEFORE


def test_the_changelog_of_the_schema_is_that_of_the_code() -> None:
    text = (ROOT / "CHANGELOG-schema.md").read_text(encoding="utf-8")
    assert f"## Unreleased, since {version('counterfoil')}" in text
    written = text.split("<!-- changes -->\n")[1].split("\n<!-- /changes -->")[0]
    assert written == changes_table(CURRENT), "run `make schema`"


def test_what_did_not_change_breaks_nothing() -> None:
    assert breaking(RELEASED) == []
    assert changes(BEFORE, BEFORE) == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (' GREEN @deprecated(reason: "Use RED.")', ""),
        (', old: Int @deprecated(reason: "Use color.")', ""),
        (', old: Int @deprecated(reason: "No use.")', ""),
        (', old: Gone @deprecated(reason: "No use.")', ""),
        ("name: String!", "name: String!, more: Int"),
        ("first: Int = 20", "first: Int = 20, after: ID"),
        ("enum Color { RED", "enum Color { RED BLUE"),
        ("type Gone", '"Described." type Gone'),
    ],
)
def test_what_was_deprecated_goes_and_more_may_come(old: str, new: str) -> None:
    after = BEFORE.replace(old, new)
    if "Gone @" in old:
        after = after.replace("type Gone { a: Int }", "")
    assert after != BEFORE
    assert breaking(after, BEFORE) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("enum Color { RED", "enum Color { BLUE", "Enum value Color.RED was removed."),
        ("name: String!, ", "", "Field Thing.name was removed."),
        ("name: String!", "name: String", "Field Thing.name changed type from String! to String."),
        ("color: Color = RED", "color: Color! = RED", "Field Filter.color changed type from Color to Color!."),
        ("first: Int = 20", "first: Int = 10", "Query.things(first:) has changed defaultValue from 20 to 10."),
        ("thing(id: ID!,", "thing(id: ID!, more: Int!,", "A required argument Query.thing(more:) was added."),
        ('"things:read"', '"*"', "Thing requires the scope * instead of things:read."),
        ("name: String!", 'name: String! @requires(scope: "x")', "Thing.name requires the scope x."),
    ],
)
def test_what_breaks_a_client_is_named(old: str, new: str, what: str) -> None:
    assert [line.replace("Argument ", "") for line in breaking(BEFORE.replace(old, new), BEFORE)] == [what]
    assert changes(BEFORE.replace(old, new), BEFORE)["Breaking"]
