"""The README is true where it can be held to it: settings, commands, files."""

import re

from graphql import is_scalar_type, parse, specified_scalar_types, validate

from models.resources import scopes
from schema.graph import CORE
from server.cli.commands import COMMANDS
from server.cli.scopes_table import scopes_table
from server.cli.settings_table import settings_table
from server.settings import Settings
from tests.support.repository import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
HEADINGS = [
    "Two commands",
    "A first query",
    "A first REST call",
    "A first approval",
    "MCP",
    "Trusted documents",
    "Access tokens",
    "Scopes",
    "A first webhook",
    "Settings",
    "Deployment",
    "The audit log",
    "Commands",
    "Versions",
    "How fast it is",
    "What it survives",
    "Checks",
    "How a query runs",
    "The rooms",
]


def _between(name: str) -> str:
    return README.split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0].strip()


def test_each_scalar_is_in_the_guide_of_the_graph() -> None:
    values = (ROOT / "docs/graph.md").read_text(encoding="utf-8").split("## Values\n")[1].split("\n## ")[0]
    told = re.findall(r"^\| `(\w+)` \|", values, re.MULTILINE)
    # GraphQL's own need no explanation but for the form of an ID.
    scalars = {name for name, type_ in CORE.type_map.items() if is_scalar_type(type_)}
    assert sorted(told) == sorted((scalars - {*specified_scalar_types}) | {"ID"})


def test_the_settings_are_those_of_the_code() -> None:
    table = settings_table()
    assert _between("settings") == table, "run `make schema`"
    for name in Settings.model_fields:
        assert f"| `{name.upper()}` |" in table
    assert "| `PORT` | `8000` |" in table
    assert "| `DATABASE_URL` | **required** |" in table
    assert "| `WEBHOOK_PARENTS` | `integrations,settings,org-settings` |" in table
    assert "| `CORS_ORIGINS` | none |" in table


def test_the_commands_are_those_of_the_code() -> None:
    rows = []
    for command in COMMANDS:
        options = []
        for option in command.options:
            shown = option.name if option.flag else f"{option.name} …"
            options.append(shown if option.required else f"[{shown}]")
        rows.append(f"| `{' '.join(['counterfoil', *command.words, *options])}` | {command.help} |")
    assert _between("commands") == "\n".join(["| command | what it does |", "|---|---|", *rows])


def test_the_scopes_are_those_of_the_code() -> None:
    table = scopes_table()
    assert _between("scopes") == table, "run `make schema`"
    listed = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert sorted(listed) == CORE.extensions["scopes"]
    assert {*listed} == scopes()
    assert "| `orders:read` | `order`, `orders`, `orderTags`, `orderCounts` |" in table


def test_it_tells_in_this_order() -> None:
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == HEADINGS


def test_its_prose_is_wrapped() -> None:
    # Tables and commands have the lines that they need.
    assert [line for line in README.splitlines() if len(line) > 200 and not line.startswith(("|", "    "))] == []


def test_what_it_links_to_exists() -> None:
    linked = [target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    assert len(linked) > 2
    assert [target for target in linked if not (ROOT / target).exists()] == []


def test_its_queries_are_valid() -> None:
    documents = re.findall(r'^ +"query": "(.+)",?$', README, re.MULTILINE)
    assert len(documents) == 3
    assert [validate(CORE, parse(document)) for document in documents] == [[], [], []]


def test_every_room_is_in_the_list() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"bench"}
    assert rooms == set(re.findall(r"^\| `(\w+)/` \|", README, re.MULTILINE))
