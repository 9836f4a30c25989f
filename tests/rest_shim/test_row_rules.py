"""Rows as data: what fits an operation, what follows from a resource, what the OpenAPI document says of each shape."""

import pytest
from openapi_spec_validator import validate

from models.clients import CLIENT
from models.resources import Resource
from rest_shim import examples, openapi
from rest_shim.bound import bound
from rest_shim.guide import route_texts
from rest_shim.route import Route, crud
from rest_shim.routes import ROUTES
from server import app
from tests.support.api import settings_of
from tests.support.rows import (
    BARE_ACTION,
    DELETE_WITH_BODY,
    DELETE_WITH_PARAMETER,
    MADE_UP,
    NESTED,
    OPTIONAL,
    PUBLIC,
    REQUIRED,
    SINGLETON,
    YES_OR_NO,
)
from tests.support.servers import Backends

pytestmark = pytest.mark.usefixtures("operations")


def test_a_row_that_its_operation_does_not_fit_is_refused() -> None:
    two = Route("POST", "/api/v1/two", "TwoObjects", CLIENT, "Create two", body=("input",))
    with pytest.raises(ValueError, match="TwoObjects does not show one object"):
        bound(two)
    unknown = Route("GET", "/api/v1/x", "GetClient", CLIENT, "Get", {"publicId": ("key",)})
    with pytest.raises(ValueError, match="GetClient has no variable key"):
        bound(unknown)


def test_a_public_row_of_an_operation_that_needs_a_key_is_refused(
    backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = Route("GET", "/api/v1/x", "OneViewer", CLIENT, "Get", public=True)
    monkeypatch.setattr(app, "ROUTES", (secret,))
    with pytest.raises(ValueError, match="OneViewer needs a key"):
        app.create_app(settings_of(backends))


def test_crud_follows_from_the_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.resources.RESOURCES", {})
    rows = crud(Resource("agent_job", prefix="job"), without=("PUT", "PATCH", "DELETE"))
    assert [(row.method, row.path, row.operation, row.summary, row.status, row.location) for row in rows] == [
        ("GET", "/api/v1/agent-jobs", "ListAgentJobs", "List agent jobs", 200, None),
        ("POST", "/api/v1/agent-jobs", "CreateAgentJob", "Create an agent job", 201, "/api/v1/agent-jobs/{publicId}"),
        ("GET", "/api/v1/agent-jobs/{publicId}", "GetAgentJob", "Get an agent job", 200, None),
    ]


def test_the_document_has_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = route_texts() | {row.operation: row.summary for row in MADE_UP}
    monkeypatch.setattr("rest_shim.openapi.route_texts", lambda: texts)
    queries = examples.QUERIES | {
        "CancelOrder": "reason=Late",
        "Undated": "undated=true",
        "Thread": "orderId=order_01jwzmz426fqj9jf6gq6nkxm7r",
    }
    monkeypatch.setattr(examples, "QUERIES", queries)
    monkeypatch.setattr("rest_shim.to_graphql.QUERIES", queries)
    monkeypatch.setitem(examples.BODIES, "TheClient", {"name": "Ada"})
    monkeypatch.setitem(examples.PAYLOADS, "RotateWebhookSecret", {"secret": "whsec_AA=="})
    made = openapi.document((*ROUTES, *MADE_UP))
    validate(made)
    paths = made["paths"]
    assert {status for status in paths["/api/v1/client-jobs"]["post"]["responses"] if status < "3"} == {"202"}
    assert "Location" in paths["/api/v1/client-jobs"]["post"]["responses"]["202"]["headers"]
    cancelled = paths[DELETE_WITH_PARAMETER.path]["delete"]
    assert [(part["name"], part["in"]) for part in cancelled["parameters"]][:2] == [
        ("publicId", "path"),
        ("reason", "query"),
    ]
    assert set(cancelled["responses"]) >= {"200", "404", "409"}
    assert "requestBody" in paths[DELETE_WITH_BODY.path]["delete"]
    assert "requestBody" not in paths[BARE_ACTION.path]["post"]
    assert paths[OPTIONAL.path]["post"]["requestBody"]["required"] is False
    nested = paths[NESTED.path]["get"]
    assert {part["name"] for part in nested["parameters"]} == {"publicId", "limit", "cursor", "page", "X-Request-Id"}
    assert nested["parameters"][0]["description"] == "ID of the order."
    thread = {part["name"]: part for part in paths[REQUIRED.path]["get"]["parameters"]}
    assert thread["orderId"]["required"] is True
    undated = {part["name"]: part for part in paths[YES_OR_NO.path]["get"]["parameters"]}
    assert undated["undated"]["schema"] == {"type": "boolean"}
    state = paths[PUBLIC.path]["get"]
    assert state["security"] == []
    assert {"401", "403"} & set(state["responses"]) == set()
    viewer = paths[SINGLETON.path]["get"]["responses"]
    assert "ETag" not in viewer["200"]["headers"]
    assert "304" not in viewer
