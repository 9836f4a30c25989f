"""Answers the route that the public submits forms to: programs with JSON, browsers with what an HTML form sends."""

from typing import Any
from urllib.parse import quote

from models.forms import DATA_LIMIT, FORM
from models.typeid import decode
from resolvers.actor import Actor
from resolvers.errors import ErrorView, Refusal, bad_input
from rest_shim.endpoint import Given, RestEndpoint
from rest_shim.form_bodies import MULTIPART, URLENCODED, form_values, media_of
from rest_shim.form_pages import CSP, error_page, thanks_page
from rest_shim.route import Route, VariablePath
from rest_shim.translate import put
from schema.requests.engine import Engine
from web.accept import weights
from web.body import BYTES, Bodies, json_object, must_be_json
from web.dependencies import PUBLIC, Dependencies
from web.http import HTML, Header, Reply, Request, reply

ENCODED: VariablePath = ("input", "encoded")
# The characters of a URL that a header takes unescaped.
_OF_URLS = "!#$%&'()*+,/:;=?@[]~"
_POLICY: Header = (b"content-security-policy", CSP.encode())
_TYPES = "The body must be application/json, application/x-www-form-urlencoded or multipart/form-data."
_NO_REPEATS = "Submissions do not support Idempotency-Key: each request is a new submission."


class _Public:
    """The public that submits a form: the size of its body is limited, then its rate."""

    def __init__(self, dependencies: Dependencies) -> None:
        self.dependencies = dependencies
        bodies = dependencies.bodies
        self.bodies = Bodies(min(DATA_LIMIT, bodies.limit), bodies.deadlines.seconds)

    async def payer_of(self, request: Request, headers: list[Header]) -> Actor:
        """Return the public, once the body is within the limit of its size, and the address within its rate.

        Raises Refusal UNSUPPORTED_MEDIA_TYPE, TOO_LARGE, REQUEST_TIMEOUT, BAD_INPUT or RATE_LIMITED.
        """
        if not _is_form(request):
            must_be_json(_content_type(request), _TYPES)
        dependencies, most = self.dependencies, self.bodies.limit
        too_large = Refusal("TOO_LARGE", f"The body may have {most} bytes at most.")
        dependencies.visitors.read(request, too_large, most + len(request.scope["query_string"]))
        request.state["body"] = await self.bodies.read(request)
        form_id = decode(FORM.prefix, request.params["formPublicId"])
        if form_id is not None:
            await dependencies.form_turn(dependencies.address_of(request), form_id)
        return PUBLIC

    async def pay(self, request: Request, actor: Actor, cost: int, headers: list[Header], done: int = 0) -> int:
        """Spend a cost and what was done already, as every request without a key."""
        return await self.dependencies.visitors.pay(request, actor, cost, headers, done)


class FormEndpoint(RestEndpoint):
    """The endpoint of a route whose body is JSON, or what an HTML form sends.

    JSON is answered with JSON. An HTML form is answered with a redirect to the form's URL or with a page, or with JSON
    where the request's `Accept` prefers it.
    """

    def __init__(self, engine: Engine, dependencies: Dependencies, route: Route) -> None:
        super().__init__(engine, dependencies, route)
        self.accounting = _Public(dependencies)

    async def _body(self, request: Request) -> dict[str, Any]:
        body: bytes = request.state.pop("body")
        if not _is_form(request):
            return json_object(request, body)
        request.weight = len(body) // BYTES
        return form_values(body, _content_type(request))

    async def _given(self, request: Request) -> Given:
        """Return what a request says. Raises Refusal BAD_INPUT for a promise that is not kept: without an API key
        there is nobody whose key it would be."""
        given = await super()._given(request)
        if given.key is not None:
            raise bad_input("header.Idempotency-Key", _NO_REPEATS, "NOT_ALLOWED")
        if _is_form(request):
            put(given.variables, ENCODED, True)
        return given

    def _refused(self, request: Request, errors: list[ErrorView], headers: list[Header]) -> Reply:
        html, json = _preferences(request)
        found = super()._refused(request, errors, headers)
        if not _is_form(request) or html < json:
            return found
        wrong = [self._shown(each["extensions"], each["message"]) for each in errors]
        headers = [each for each in found.headers if each[0] not in (b"content-type", b"content-length")]
        return reply(found.status, error_page(wrong, found.status), HTML, [*headers, _POLICY])

    def _shown(self, extensions: dict[str, Any], message: str) -> tuple[str, str, str]:
        return extensions.get("label", ""), self._origin(extensions.get("field", "")), message

    def _reply(
        self, request: Request, data: dict[str, Any], headers: list[Header], dry: dict[str, Any] | None = None
    ) -> Reply:
        html, json = _preferences(request)
        if not _is_form(request) or html < json:
            return super()._reply(request, data, headers, dry)
        payload = data[self.bound.at[0]]
        if payload["redirectUrl"] is not None:
            headers.append((b"location", quote(payload["redirectUrl"], _OF_URLS).encode()))
            return reply(303, b"", HTML, headers)
        return reply(200, thanks_page(payload["formName"]), HTML, [*headers, _POLICY])


def _content_type(request: Request) -> bytes:
    return request.headers.get(b"content-type", b"")


def _is_form(request: Request) -> bool:
    return media_of(_content_type(request)) in (URLENCODED, MULTIPART)


def _preferences(request: Request) -> tuple[float, float]:
    """Return the weights of HTML and of JSON in the `Accept` of a request."""
    found = weights(request.whole(b"accept"))
    return found.get(b"text/html", 0.0), max(found.get(b"application/json", 0.0), found.get(b"application/*", 0.0))
