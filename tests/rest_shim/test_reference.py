"""What the REST API says of itself: the guide, the document, the start page."""

import re
import shlex
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from graphql import get_operation_ast, get_variable_values, parse, validate

from models.resources import events, scopes
from resolvers.downloads import DOWNLOADS
from resolvers.errors import CONFLICTS, REASONS, STATUS
from resolvers.webhooks import circuits, deliveries
from rest_shim import guide as texts
from rest_shim.openapi import printed_openapi
from rest_shim.routes import ROUTES
from schema.graph import CORE
from schema.requests.for_clients import for_clients
from schema.requests.printed import printed_schema
from server.explorer import BUILT
from server.pages import FIRST_QUERY, LANDING_CSP
from tests.support.api import serving, settings_of
from tests.support.openapi import openapi
from tests.support.repository import ROOT
from tests.support.reserved import CLIENT, is_open
from tests.support.servers import Backends
from workers.webhooks.deliver import SCHEDULE
from workers.webhooks.http import TOTAL_S


class _Page(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append((tag, dict(attrs)))


def _loads_nothing(text: str) -> None:
    """A page that asks no host for anything, and runs no script."""
    tags = _Page(text).tags
    assert {tag for tag, _ in tags} & {"script", "img", "link", "iframe", "object", "embed", "form", "base"} == set()
    for _, attributes in tags:
        assert not {"src", "srcset", "style", "background"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in text.partition("<style>")[2].partition("</style>")[0]
    assert "@import" not in text


@pytest.mark.parametrize("path", DOWNLOADS)
def test_a_file_is_bytes_for_generated_clients_and_a_text_is_text(path: str) -> None:
    said = openapi()["paths"][path]["get"]["responses"]["200"]["content"]
    (octets, binary), (media, content) = ((name, each["schema"]) for name, each in said.items())
    # The one that each generator knows comes first.
    assert (octets, binary) == ("application/octet-stream", {"type": "string", "format": "binary"})
    assert content == {"type": "string"} | ({} if media == "text/csv" else {"format": "binary"})


@pytest.mark.parametrize(
    ("path", "media", "printed"),
    [
        ("/api/openapi.json", "application/json", printed_openapi),
        ("/graphql/schema.graphql", "text/plain; charset=utf-8", printed_schema),
    ],
)
async def test_the_contracts_are_served_with_an_etag(
    api: str, path: str, media: str, printed: Callable[[], str]
) -> None:
    async with httpx.AsyncClient(base_url=api) as http:
        first = await http.get(path)
        assert (first.status_code, first.headers["content-type"]) == (200, media)
        assert first.text == printed()
        tag = first.headers["etag"]
        assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
        for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            for spelled in (path, f"{path}/"):
                again = await http.get(spelled, headers={"If-None-Match": known})
                assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        for other in ('"x"', tag[:-2] + '"', ""):
            assert (await http.get(path, headers={"If-None-Match": other})).status_code == 200


async def test_the_start_page_leads_everywhere(api: str, api_settings: Any) -> None:
    async with httpx.AsyncClient(base_url=api) as http:
        answer = await http.get("/")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert answer.headers["content-security-policy"] == LANDING_CSP
        _loads_nothing(answer.text)
        links = [attributes["href"] or "" for tag, attributes in _Page(answer.text).tags if tag == "a"]
        assert links == ["/graphql", "/api/docs", "/api/openapi.json"]
        # `make explorer` builds the first two; until then their pages say so.
        built = (BUILT / "index.html").exists()
        for link in links:
            status = (await http.get(link, headers={"Accept": "text/html"})).status_code
            assert status == (200 if link == "/api/openapi.json" or built else 503)
    assert f"http://127.0.0.1:{api_settings.port}/graphql" in answer.text


def test_the_start_page_shows_the_first_query_of_the_readme() -> None:
    shown = FIRST_QUERY.format(base="http://127.0.0.1:8000")
    readme = "\n".join(
        line.removeprefix("    ") for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    )
    assert shown in readme


async def test_the_start_page_of_production_names_no_graphiql_and_no_file(backends: Backends) -> None:
    async with serving(settings_of(backends, environment="production")) as base, httpx.AsyncClient() as http:
        text = (await http.get(base)).text
    assert "demo.key" not in text
    assert "127.0.0.1" not in text
    assert [attributes["href"] for tag, attributes in _Page(text).tags if tag == "a"] == [
        "/api/docs", "/api/openapi.json"
    ]  # fmt: skip


def test_the_document_names_no_address_of_a_server() -> None:
    assert "export URL=https://counterfoil.example\n" in texts.guide()
    assert "127.0.0.1" not in printed_openapi()


def test_the_guide_has_every_scope_code_reason_and_event() -> None:
    guide_text = texts.guide()
    for word in (*scopes(), *REASONS, *CONFLICTS, *(name for name, _, _ in events())):
        assert f"`{word}`" in guide_text, word
    assert set(STATUS) - set(texts.ADVICE) == {
        "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "PERSISTED_QUERY_NOT_FOUND",
        "DOCUMENT_NOT_FOUND", "PERSISTED_QUERY_HASH_MISMATCH", "DOCUMENT_HASH_MISMATCH", "EVENT_EXPIRED", "SLOW_READER",
        "OUT_OF_RANGE",
    }  # fmt: skip
    for code, status in STATUS.items():
        assert (f"| {status} | `{code}` |" in guide_text) == (code in texts.ADVICE)


def test_the_guide_has_the_routes_that_a_client_may_take() -> None:
    # Without what is the staff's, as a client is answered.
    shown = {each: for_clients(each.operation) for each in ROUTES if not each.public}
    routes = [each for each, operation in shown.items() if operation and is_open(CLIENT, operation.text, {})]
    open_ = [f"{each.method} {each.path}" for each in routes]
    open_ += [f"GET {path}" for path, download in DOWNLOADS.items() if CLIENT.may(download.scope)]
    section = texts.guide().split("## Access tokens")[1].split("\n## ")[0]
    assert sorted(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`", section)) == sorted(open_)
    assert "`createAccessToken`" in section


def test_every_reason_in_the_code_is_explained() -> None:
    rooms = [
        path.read_text(encoding="utf-8")
        for room in ("resolvers", "schema", "rest_shim", "server")
        for path in ROOT.glob(f"{room}/**/*.py")
    ]
    # A conflict is declared in its domain, with its meaning, and raised by its declaration.
    assert sum(text.count('Refusal("CONFLICT"') for text in rooms) == 1
    assert set(CONFLICTS) >= {"EMAIL_TAKEN", "HAS_ORDERS", "IN_USE", "LAST_OWNER"}
    assert not set(CONFLICTS) & set(REASONS)
    given = {
        name for text in rooms for name in re.findall(r'bad_input\([^()]*(?:\([^()]*\)[^()]*)*"([A-Z_]{4,})"', text)
    }
    assert given >= {"REQUIRED", "NOT_FOUND", "TOO_LONG"}
    assert given <= set(REASONS) | {"CLIENT", "STAFF"}


def test_the_guide_tells_when_deliveries_are_tried_and_how_long_they_may_take() -> None:
    units = {"s": 1, "min": 60, "h": 3_600}
    guide_text = " ".join(texts.guide().split())
    times = re.search(r"tried ten times over about three days: at once, then (.*?) after the attempt", guide_text)
    assert times is not None
    found = [int(number) * units[unit] for number, unit in re.findall(r"(\d+) (s|min|h)", times[1])]
    assert (0, *found) == SCHEDULE
    assert f"**Respond with 2xx within {TOTAL_S:g} seconds**" in guide_text
    assert deliveries.GIVEN_UP_AFTER.days == 5
    assert deliveries.GONE == 410
    assert "does not respond in time** three times in a row" in guide_text
    assert "The pause is 30 seconds" in guide_text
    assert "up to five minutes" in guide_text
    assert (circuits.OPENS_AFTER, circuits.FIRST_PAUSE_S, circuits.LONGEST_PAUSE_S) == (3, 30, 300)


@pytest.mark.parametrize(
    "block", re.findall(r"```python\n(.*?)```", texts.GUIDE.read_text(encoding="utf-8"), re.DOTALL)
)
def test_the_guide_s_python_compiles(block: str) -> None:
    compile(re.sub(r"^   ", "", block, flags=re.MULTILINE), "guide", "exec")


def _command(operation: dict[str, Any]) -> list[str]:
    """The words of the request to paste."""
    [sample] = operation["x-codeSamples"]
    assert (sample["lang"], sample["label"]) == ("shell", "curl")
    return shlex.split(sample["source"].replace("\\\n", " "))


def test_each_route_says_more_than_its_name() -> None:
    api = openapi()
    for route in ROUTES:
        operation = api["paths"][route.path][route.method.lower()]
        said = f"the text of {route.operation} in rest_shim/domains has 12 words or more"
        assert len(operation["description"].split()) >= 12, said
        assert "{{" not in operation["description"]
        words = _command(operation)
        assert words[:2] == ["curl", "-s"]
        assert [word for word in words if word.startswith("$URL")] != []
    for download in DOWNLOADS.values():
        operation = api["paths"][download.path]["get"]
        assert len(operation["description"].split()) >= 12, download.operation
        assert _command(operation)[:2] == ["curl", "-sOJ"]
    operations = {route.operation for route in ROUTES} | {download.operation for download in DOWNLOADS.values()}
    assert set(texts.route_texts()) == operations


def test_each_route_has_its_request_to_the_graph() -> None:
    for route in ROUTES:
        request = openapi()["paths"][route.path][route.method.lower()]["x-graphql-request"]
        assert [*request] == ["operationName", "variables", "query"]
        assert request["operationName"] == route.operation
        document = parse(request["query"])
        assert validate(CORE, document) == [], route
        operation = get_operation_ast(document, route.operation)
        assert operation is not None
        found = get_variable_values(CORE, operation.variable_definitions or (), request["variables"])
        assert not isinstance(found, list), (route, found)


def test_each_sort_has_a_name_for_generated_clients() -> None:
    found = 0
    for route in ROUTES:
        for each in openapi()["paths"][route.path][route.method.lower()]["parameters"]:
            if each["name"] == "sort":
                items, found = each["schema"]["items"], found + 1
                names = [f"{term.removeprefix('-')}_{'desc' if term[0] == '-' else 'asc'}" for term in items["enum"]]
                assert items["x-enum-varnames"] == names
    assert found == len([route for route in ROUTES if route.sorts]) > 0
    clients = openapi()["paths"]["/api/v1/clients"]["get"]["parameters"]
    [sort] = [each["schema"]["items"] for each in clients if each["name"] == "sort"]
    assert dict(zip(sort["enum"], sort["x-enum-varnames"], strict=True))["-createdAt"] == "createdAt_desc"
