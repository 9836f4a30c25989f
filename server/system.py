"""What a process answers about itself: its health, its metrics, a page to start from."""

import asyncio

import orjson
import structlog
from prometheus_client import CONTENT_TYPE_LATEST

from resolvers.database.connection_errors import CONNECTION_ERRORS, first_line
from resolvers.errors import Refusal, shown_refusal
from server.database.migrated import why_not_ready
from server.monitoring.metrics import Exposition
from server.pages import LANDING_CSP, landing
from server.settings import KEY_FILE, Settings
from web.dependencies import Dependencies
from web.http import HTML, JSON, Endpoint, Reply, Request, reply
from web.problems import problem

log = structlog.get_logger()
READY_S = 2.0
_OK = b'{"status":"ok"}'


async def health(_request: Request) -> Reply:
    """Answer that the process lives."""
    return reply(200, _OK, JSON, [(b"x-graphql-operation", b"Health")])


class Ready:
    """Answers whether requests can be: the database is there, migrated, and takes changes."""

    def __init__(self, dependencies: Dependencies) -> None:
        self.dependencies = dependencies
        self._logged: str | None = None

    async def __call__(self, _request: Request) -> Reply:
        try:
            async with asyncio.timeout(READY_S), self.dependencies.runtime.connection() as connection:
                reason = await why_not_ready(connection)
        except (Refusal, *CONNECTION_ERRORS) as error:
            late = isinstance(error, TimeoutError) and not str(error)
            self._note(f"no answer within {READY_S:g} s" if late else first_line(error))
            return reply(503, b'{"status":"unavailable"}', JSON, [(b"retry-after", b"1")])
        self._note(reason)
        if reason is None:
            return reply(200, _OK, JSON)
        body = orjson.dumps({"status": "unavailable", "reason": reason})
        return reply(503, body, JSON, [(b"retry-after", b"1")])

    def _note(self, reason: str | None) -> None:
        """Log why it is not ready, once until that changes: probes ask again and again."""
        if reason is not None and reason != self._logged:
            log.warning("not ready", error=reason)
        self._logged = reason


def start_page(settings: Settings) -> Endpoint:
    """Return what answers with the page to start from."""
    development = settings.environment == "development"
    key = str(settings.counterfoil_data / KEY_FILE) if development else None
    base = f"http://127.0.0.1:{settings.port}" if development else "https://your-server.example"
    text = landing(base, graphiql=settings.graphiql, demo_key=key).encode()

    async def start(_request: Request) -> Reply:
        return reply(200, text, HTML, [(b"content-security-policy", LANDING_CSP.encode())])

    return start


def metrics_of(exposition: Exposition) -> Endpoint:
    """Return what answers with the metrics, to whoever holds their token."""

    async def metrics(request: Request) -> Reply:
        if not exposition.may(request.header(b"authorization")):
            refused = Refusal("UNAUTHENTICATED", "The metrics token is required: Authorization: Bearer ….")
            return problem([shown_refusal(refused, request.request_id)], str)
        try:
            text = await exposition.text()
        except Refusal as refused:
            return problem([shown_refusal(refused, request.request_id)], str)
        return reply(200, text, CONTENT_TYPE_LATEST.encode())

    return metrics
