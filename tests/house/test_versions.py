"""One version: of the package, of the OpenAPI document, of the changelog's newest section; and that of payloads."""

import importlib.metadata
import re
import tomllib

import orjson

from models.webhooks import API_VERSION
from rest_shim.examples import OBJECTS
from rest_shim.guide import guide
from tests.support.openapi import openapi
from tests.support.repository import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_the_version_is_that_of_the_package() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert importlib.metadata.version("counterfoil") == VERSION, "run `make install`"
    assert openapi()["info"]["version"] == VERSION
    committed = orjson.loads((ROOT / "rest_shim/openapi.json").read_bytes())
    assert committed["info"]["version"] == VERSION, "run `make schema`"


def test_the_changelog_has_the_version_as_its_newest_section() -> None:
    sections = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)
    assert sections[:2] == ["What a version means", "Unreleased"]
    assert sections[2].split()[0] == VERSION


def test_the_version_of_payloads_stands_once_in_the_code() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", API_VERSION)
    assert OBJECTS["webhook"]["apiVersion"] == API_VERSION
    assert f'"apiVersion": "{API_VERSION}"' in guide()
    assert API_VERSION in CHANGELOG
    files = [
        path.relative_to(ROOT).as_posix()
        for room in ("models", "resolvers", "rest_shim", "schema", "server", "web", "workers")
        for path in (ROOT / room).rglob("*")
        if path.suffix in (".py", ".md") and API_VERSION in path.read_text(encoding="utf-8")
    ]
    assert files == ["models/webhooks.py"]
