"""The committed contracts equal what the code makes; the graph, the routes and the reference say all they should."""

import json
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from models.names import camel
from resolvers.collections.collection import COLLECTIONS
from resolvers.downloads import DOWNLOADS
from resolvers.lists.conditions import Condition
from rest_shim.bound import bound
from rest_shim.openapi import printed_openapi
from rest_shim.route import Shows
from rest_shim.routes import ROUTES
from rest_shim.to_graphql import guide_to_graphql
from schema.graph import CORE
from schema.requests.printed import printed_schema
from tests.support.openapi import openapi
from tests.support.repository import ROOT

SYSTEM = {"GET /api/health", "GET /api/ready"}


def test_the_committed_schema_is_what_the_code_makes() -> None:
    assert (ROOT / "schema/schema.graphql").read_text(encoding="utf-8") == printed_schema(), "run: make schema"


def test_the_committed_openapi_is_what_the_code_makes_and_valid() -> None:
    text = (ROOT / "rest_shim/openapi.json").read_text(encoding="utf-8")
    assert text == printed_openapi() + "\n", "run: make schema"
    validate(json.loads(text))


def test_the_committed_guide_to_the_graph_is_what_the_code_makes() -> None:
    text = (ROOT / "docs/rest-to-graphql.md").read_text(encoding="utf-8")
    assert text == guide_to_graphql() + "\n", "run: make schema"


def test_a_search_without_a_word_is_refused_wherever_it_is_said_what_one_is() -> None:
    said = {
        path: part["description"]
        for path, methods in openapi()["paths"].items()
        for part in methods.get("get", {}).get("parameters", ())
        if part["name"] == "search"
    }
    lists = [route for route in ROUTES if route.shows is Shows.PAGE]
    assert said.keys() == {route.path for route in lists if COLLECTIONS[route.resource.plural].searched} != set()
    assert [text for text in said.values() if "At least one is required." not in text or "is ignored" in text] == []


def test_openapi_has_every_route_and_no_other() -> None:
    paths: dict[str, dict[str, Any]] = openapi()["paths"]
    assert {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods} == (
        {f"{route.method} {route.path}" for route in ROUTES} | {f"GET {path}" for path in DOWNLOADS} | SYSTEM
    )
    for path, download in DOWNLOADS.items():
        assert paths[path]["get"]["x-required-scopes"] == [download.scope]
        assert download.media.partition(";")[0] in paths[path]["get"]["responses"]["200"]["content"]
    for route in ROUTES:
        said = paths[route.path][route.method.lower()]
        assert said["x-graphql-operation"] == route.operation
        parameters = {part["name"] for part in said["parameters"] if part["in"] == "query"}
        taken = {name for name in route.parameters if f"{{{name}}}" not in route.path}
        if route.shows is Shows.PAGE:
            taken |= {"limit", "cursor", "page", *(["sort"] if route.sorts else [])}
        elif route.method != "GET":
            taken.add("dryRun")
        assert parameters == taken


def test_openapi_states_bounds_scopes_and_errors() -> None:
    api = openapi()
    body = api["components"]["schemas"]["CreateClientBody"]
    assert (body["required"], body["additionalProperties"]) == (["name", "email"], False)
    email = body["properties"]["email"]
    assert (email["type"], email["maxLength"]) == ("string", 254)
    assert body["properties"]["company"]["type"] == ["string", "null"]
    assert body["properties"]["tags"]["maxItems"] == 20
    update = api["paths"]["/api/v1/clients/{publicId}"]["put"]
    assert (update["x-required-scopes"], update["security"]) == (["clients:write"], [{"key": ["clients:write"]}])
    assert list(update["responses"]) == [
        "200", "400", "401", "403", "404", "408", "409", "412", "413", "415", "422", "429", "500", "503"
    ]  # fmt: skip
    assert api["components"]["schemas"]["UpdateClientBody"]["properties"]["version"]["readOnly"] is True
    assert "id" not in api["components"]["schemas"]["UpdateClientBody"]["properties"]
    codes = api["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert [code for code in codes if "GRAPHQL" in code or "PERSISTED" in code] == []


def test_openapi_says_what_no_schema_can() -> None:
    api = openapi()
    said = api["paths"]
    create = said["/api/v1/webhooks"]["post"]["description"]
    assert "never sent" in create
    assert "1 to 65535" in create
    assert "never sent" in api["components"]["schemas"]["CreateWebhookBody"]["properties"]["events"]["description"]
    assert "64 KiB" in said["/api/v1/orders"]["post"]["description"]
    assert all(text in said["/api/v1/orders/{publicId}"]["put"]["description"] for text in ("64 KiB", "year 9000"))
    parameters = {each["name"]: each["description"] for each in said["/api/v1/orders"]["get"]["parameters"]}
    assert "`page` × `limit` is at most 10,000" in parameters["page"]
    assert "`page`" in parameters["cursor"]
    assert "Where `dueAt` is null, orders come last" in parameters["sort"]


def test_the_scopes_name_their_objects_as_the_documents_do() -> None:
    said = openapi()["info"]["description"]
    assert "| `api_keys:read` | `api_keys:write` | API keys |" in said
    assert "| `agent_jobs:read` | `agent_jobs:write` | Agent jobs |" in said
    assert "| `audit:read` |  | Audit entries |" in said


def test_a_change_of_billing_goes_with_its_interval() -> None:
    components = openapi()["components"]
    validator = Draft202012Validator({"$ref": "#/components/schemas/UpdateServiceBody", "components": components})
    for right in ({"billing": "RECURRING", "interval": "MONTH"}, {"billing": "ONE_TIME", "interval": None}):
        assert validator.is_valid(right)
        assert validator.is_valid({"billing": right["billing"]})
    for wrong in ({"billing": "ONE_TIME", "interval": "MONTH"}, {"billing": "RECURRING", "interval": None}):
        assert not validator.is_valid(wrong)


def _undescribed(graph: GraphQLSchema) -> list[str]:
    found = []
    for name, type_ in graph.type_map.items():
        if name.startswith("__"):
            continue
        parts: list[tuple[str, Any]] = [(name, type_)]
        for field_name, field in {**getattr(type_, "fields", {})}.items():
            parts.append((f"{name}.{field_name}", field))
            parts += [(f"{name}.{field_name}({arg})", value) for arg, value in getattr(field, "args", {}).items()]
        parts += [(f"{name}.{word}", value) for word, value in {**getattr(type_, "values", {})}.items()]
        found += [where for where, part in parts if not (part.description or "").strip()]
    return found


def test_everything_in_the_graph_has_a_description() -> None:
    assert _undescribed(CORE) == []


def _lists() -> dict[str, tuple[Any, Any]]:
    """Each list of the graph by its collection's name, which most of its fields have: its filter and its order."""
    found: dict[str, tuple[Any, Any]] = {}
    names = {camel(name) for name in COLLECTIONS}
    of_types = {f"{each.resource.type_name}Order": camel(name) for name, each in COLLECTIONS.items()}
    for type_ in CORE.type_map.values():
        if isinstance(type_, GraphQLObjectType):
            for name, field in type_.fields.items():
                if "orderBy" in field.args:
                    pair = (get_named_type(field.args["filter"].type), get_named_type(field.args["orderBy"].type))
                    listed = name if name in names else of_types[pair[1].name]
                    assert found.setdefault(listed, pair) == pair, f"{type_.name}.{name}"
    return found


def _python_names(type_: Any) -> dict[str, Any]:
    return {field.extensions["strawberry-definition"].python_name: field.type for field in type_.fields.values()}


def test_every_filter_of_the_graph_is_one_of_the_resolvers() -> None:
    lists = _lists()
    assert set(lists) == {camel(each.name) for each in COLLECTIONS.values() if each.resource.scope is not None}
    for listed, known in ((camel(name), each) for name, each in COLLECTIONS.items() if camel(name) in lists):
        offered = _python_names(lists[listed][0])
        logic = {"and_", "or_", "not_", *(["search"] if known.searched else [])}
        assert set(offered) == set(known.filters) | logic, listed
        for name, asked in known.filters.items():
            inner: Any = get_named_type(offered[name])
            if isinstance(asked, Condition):
                assert set(_python_names(inner)) <= set(asked.ops), f"{listed}.{name}"
            elif asked.many:
                assert set(inner.fields) == {"some", "none"}
                assert get_named_type(inner.fields["some"].type) is lists[camel(asked.to)][0]
            else:
                assert inner is lists[camel(asked.to)][0]


def test_every_order_of_the_graph_is_one_of_the_resolvers() -> None:
    lists = _lists()
    known = {camel(name): each for name, each in COLLECTIONS.items()}
    for name, (_, order) in lists.items():
        words: Any = get_named_type(order.fields["field"].type)
        assert set(words.values) == set(known[name].sort_fields), name


def test_every_sort_of_a_route_exists() -> None:
    lists = _lists()
    for route in (route for route in ROUTES if route.sorts):
        _, order = lists[bound(route).selected[1].name.value]
        words: Any = get_named_type(order.fields["field"].type)
        assert set(route.sorts.values()) <= set(words.values)
