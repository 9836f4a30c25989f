"""A route whose operation uses what is deprecated says so in its headers and in the OpenAPI document."""

from datetime import date
from typing import Any

import pytest

from rest_shim import endpoint, openapi
from rest_shim.routes import ROUTES
from schema.contract.deprecations import Deprecation
from schema.graph import CORE
from schema.requests.engine import Engine
from web.dependencies import Dependencies

USE = Deprecation("Use `new`.", date(2026, 11, 1), date(2027, 5, 1))
ROUTE = next(route for route in ROUTES if route.operation == "GetClient")


@pytest.fixture
def deprecated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The graph as if what `GetClient` selects were deprecated: nothing is yet."""

    def found(schema: Any, operation: Any) -> Deprecation | None:
        assert schema is CORE
        return USE if operation.definition.name.value == "GetClient" else None

    monkeypatch.setattr(endpoint, "deprecation_in", found)
    monkeypatch.setattr(openapi, "deprecation_in", found)


@pytest.mark.usefixtures("deprecated")
def test_its_answers_and_its_documentation_say_so() -> None:
    dependencies: Dependencies = object.__new__(Dependencies)
    made = endpoint.RestEndpoint(Engine(), dependencies, ROUTE)
    assert made.always == [made.named, *USE.headers]
    operations = openapi.document()["paths"]["/api/v1/clients/{publicId}"]
    assert (operations["get"]["deprecated"], operations["get"]["x-sunset"]) == (True, "2027-05-01")
    assert "deprecated" not in operations["put"]


def test_others_say_nothing() -> None:
    dependencies: Dependencies = object.__new__(Dependencies)
    made = endpoint.RestEndpoint(Engine(), dependencies, ROUTE)
    assert made.always == [made.named]
