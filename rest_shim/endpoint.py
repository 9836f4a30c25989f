"""Answers one documented route: the request becomes its operation, the result the reply."""

from collections.abc import Callable, Container
from dataclasses import replace
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar

import orjson

from models.actors import Source
from resolvers.context import Context
from resolvers.errors import ErrorView, Refusal, Refusals, not_found, shown_refusal
from resolvers.lists.page_window import DEFAULT_PAGE
from rest_shim.bound import VERSION, bound
from rest_shim.route import Route, Shows
from rest_shim.translate import body_problems, body_values, cursor_problems, put, query_variables
from schema.contract.deprecations import deprecation_in
from schema.declaration.inputs import MAX_PROBLEMS
from schema.graph import CORE
from schema.requests.engine import Engine
from schema.requests.for_clients import for_clients
from schema.requests.prepared import Prepared
from schema.requests.results import OperationResult
from schema.requests.variables import wrong_variables
from web.body import body_weight, has_body
from web.dependencies import Accounting, Dependencies
from web.dry_run import DRY_RUN_HEADER, PARAMETER, dry_run
from web.etags import not_modified, versions_expected
from web.http import JSON, Header, Reply, Request, reply
from web.idempotency import REPLAYED, idempotency_key
from web.problems import problem

T = TypeVar("T")
# A body or a query that is refused was read and judged: its organization pays for that.
REFUSED = 20
_LOCATIONS = ("query.", "body", "header.", "path.")


class Given(NamedTuple):
    """What a request says: the variables, the versions that its object may have, the idempotency key, and whether it
    is only to be tried."""

    variables: dict[str, Any]
    versions: list[int] | None
    key: str | None
    dry: bool


class RestEndpoint:
    """The endpoint of a route. Raises ValueError for one that its operation does not fit."""

    def __init__(self, engine: Engine, dependencies: Dependencies, route: Route) -> None:
        self.engine, self.dependencies, self.route = engine, dependencies, route
        self.bound = bound(route)
        self.operation = self.bound.operation
        self.accounting: Accounting = dependencies.visitors if route.public else dependencies
        # What its key needs is known without variables: it is asked for before a body is read.
        self.plain: Prepared = engine.prepared(self.operation, {})
        # Made with the first request of a client.
        self.clients: Prepared | None = None
        if route.public and not self.plain.measure.unrestricted:
            raise ValueError(f"{route.operation} needs a key, and its route takes none")
        self.named: Header = (b"x-graphql-operation", route.operation.encode())
        # What every answer of the route says: where it shows or takes what is deprecated, until when.
        deprecation = deprecation_in(CORE, self.operation)
        self.always = [self.named, *(() if deprecation is None else deprecation.headers)]

    async def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        request.state["operation_type"] = self.operation.operation_type
        headers = [*self.always]
        try:
            result, ctx = await self._run(request, headers)
        except Refusal as refused:
            return self._refused(request, [shown_refusal(refused, request.request_id)], headers)
        except Refusals as several:
            found = [shown_refusal(refusal, request.request_id) for refusal in several.refusals]
            return self._refused(request, found, headers)
        request.state["statements"] = ctx.statements
        request.state["secret"] = bool(ctx.shown_once)
        if ctx.replayed:
            headers.append(REPLAYED)
        if ctx.dry_run:
            headers.append(DRY_RUN_HEADER)
        if result.errors:
            return self._refused(request, result.errors, headers)
        assert result.data is not None, "a result without errors has data"
        made = self._reply(request, result.data, headers, result.dry_run)
        self.dependencies.charge_answer(ctx, result.cost, len(made.body))
        return made

    def _refused(self, request: Request, errors: list[ErrorView], headers: list[Header]) -> Reply:
        return problem(errors, self._origin, headers)

    async def _body(self, request: Request) -> dict[str, Any]:
        return await self.dependencies.bodies.json(request)

    def _origin(self, field: str) -> str:
        return field if field.startswith(_LOCATIONS) or field == "query" else self.bound.origin_of(field)

    async def _run(self, request: Request, headers: list[Header]) -> tuple[OperationResult, Context]:
        engine, accounting = self.engine, self.accounting
        actor = await accounting.payer_of(request, headers)
        plain = self.plain if actor.client is None else self._of_client()
        engine.allow(plain, actor)
        await self.dependencies.runtime.turns.take(actor.org_id)
        try:
            given = await self._given(request)
        except (Refusal, Refusals) as refused:
            if not isinstance(refused, Refusal) or refused.status == HTTPStatus.BAD_REQUEST:
                await accounting.pay(request, actor, 0, headers, REFUSED + request.weight)
            raise
        if self.route.body:
            # What came with it may have come in a later iteration of the loop.
            await self.dependencies.runtime.turns.take(actor.org_id)
        prepared, versions = engine.prepared(plain.operation, given.variables), given.versions
        # What it asks for may need more than the operation always does.
        engine.allow(prepared, actor)
        runtime, request_id = self.dependencies.runtime, request.request_id
        ctx = Context(runtime, actor, request_id, Source.REST, given.key, dry_run=given.dry)
        request.state["ctx"] = ctx
        await accounting.pay(request, actor, prepared.measure.cost, headers, request.weight)
        if versions is None or len(versions) < 2:
            result = await engine.run(ctx, prepared)
        else:
            result, ctx = await self._of_versions(request, ctx, prepared, versions)
        self.dependencies.charge_rest(request, ctx)
        return result, ctx

    def _of_client(self) -> Prepared:
        """Return the operation as a client asks for it, without what is the staff's; as it is where that is all."""
        if self.clients is None:
            found = for_clients(self.route.operation)
            self.clients = self.plain if found is None else self.engine.prepared(found, {})
        return self.clients

    async def _of_versions(
        self, request: Request, ctx: Context, prepared: Prepared, versions: list[int]
    ) -> tuple[OperationResult, Context]:
        """Return the result of a change of an object that has one of several versions: the graph takes one."""
        # A repeat must have the same list, whichever of its versions was the right one.
        listed = {"input": {**prepared.variables["input"], VERSION[1]: versions}}
        prepared = replace(prepared, identity=listed)
        result = await self.engine.run(ctx, prepared)
        current = result.errors[0]["extensions"].get("currentVersion") if result.errors else None
        if current not in versions:
            return result, ctx
        again = Context(ctx.runtime, ctx.actor, ctx.request_id, Source.REST, ctx.idempotency_key, dry_run=ctx.dry_run)
        request.state["ctx"] = again
        variables = {"input": {**prepared.variables["input"], VERSION[1]: current}}
        return await self.engine.run(again, replace(prepared, variables=variables)), again

    async def _given(self, request: Request) -> Given:
        """Return what a request says. Raises Refusals with all that is wrong with it by itself, in its order; Refusal
        for a body that is none."""
        bound, route = self.bound, self.route
        problems: list[Refusal] = []
        versions = _read(versions_expected, request, problems) if bound.versioned else None
        key = _read(idempotency_key, request, problems)
        dry = _read(dry_run, request, problems)
        query = request.query()
        request.weight = body_weight(query, len(request.scope["query_string"]))
        variables = query_variables(bound, query, problems)
        dry = bool(variables.pop(PARAMETER, False) or dry) and bound.changes
        if route.body:
            body: dict[str, Any] = {}
            if not route.optional or has_body(request):
                try:
                    body = await self._body(request)
                except Refusal as refused:
                    if not problems or refused.status != HTTPStatus.BAD_REQUEST:
                        raise
                    raise Refusals([*problems, refused]) from None
            problems += body_problems(bound, body)
            put(variables, route.body, body_values(bound, body))
        for name, place in bound.path:
            put(variables, place, request.params[name])
        if versions:
            put(variables, VERSION, versions[0])
        if problems:
            wrong = {problem.field or "" for problem in problems}
            others = [
                *wrong_variables(CORE, self.operation, variables),
                *cursor_problems(bound, variables, wrong),
            ]
            problems += [each for each in others if not _is_within(self._origin(each.field or ""), wrong)]
            raise Refusals(problems[:MAX_PROBLEMS])
        return Given(variables, versions, key, dry)

    def _reply(
        self, request: Request, data: dict[str, Any], headers: list[Header], dry: dict[str, Any] | None = None
    ) -> Reply:
        """Return the reply with what was answered; ``dry`` is what it would have changed, where it was only tried."""
        route, payload, found = self.route, data, data
        if route.shows is Shows.NOTHING:
            return (
                reply(route.status, b"", JSON, headers)
                if dry is None
                else _dry_run_reply(HTTPStatus.OK, {}, dry, headers)
            )
        for name in self.bound.at:
            payload, found = found, found[name]
            if found is None:
                missing = not_found(self.bound.missing)
                return self._refused(request, [shown_refusal(missing, request.request_id)], headers)
        if route.shows is Shows.PAGE:
            return reply(route.status, orjson.dumps(_envelope(found, request)), JSON, headers)
        if route.flat is not None:
            found = _flat(found, route.flat)
        if dry is None and "version" in found:
            tag = b'"%d"' % found["version"]
            headers.append((b"etag", tag))
            if self.operation.operation_type == "query" and not_modified(request, tag):
                return reply(304, b"", JSON, headers)
        if dry is None and route.location is not None:
            headers.append((b"location", route.location.replace("{publicId}", found["publicId"]).encode()))
        shown = found | {name: payload[name] for name in route.payload_fields} if route.payload_fields else found
        if dry is not None:
            return _dry_run_reply(route.status, {"data": shown}, dry, headers)
        return reply(route.status, orjson.dumps({"data": shown}), JSON, headers)


def _is_within(field: str, places: Container[str]) -> bool:
    """Return whether a field, or one that it is part of, is among places."""
    steps = field.split(".")
    return any(".".join(steps[:end]) in places for end in range(1, len(steps) + 1))


def _dry_run_reply(status: int, body: dict[str, Any], dry: dict[str, Any], headers: list[Header]) -> Reply:
    """Return the reply to a dry run: a version or an object that is not there has neither ETag nor Location."""
    return reply(status, orjson.dumps(body | {PARAMETER: dry}), JSON, headers)


def _read(read: Callable[[Request], T | None], request: Request, problems: list[Refusal]) -> T | None:
    """Return what is read of a request; what is wrong with it is added to the problems."""
    try:
        return read(request)
    except Refusal as refused:
        if refused.status != HTTPStatus.BAD_REQUEST:
            raise
        problems.append(refused)
        return None


def _flat(found: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an object whose list of names and values becomes fields of its own."""
    pairs = {pair["name"]: pair["value"] for pair in found[name]}
    return {each: value for each, value in found.items() if each != name} | pairs


def _envelope(page: Any, request: Request) -> dict[str, Any]:
    given = dict(request.query())
    limit = int(given.get("limit", DEFAULT_PAGE))
    info = page["pageInfo"]
    more = info["hasNextPage"]
    pagination = {"limit": limit, "hasMore": more, "nextCursor": info["endCursor"] if more else None}
    if "page" in given and "cursor" not in given:
        total = page["totalCount"]
        pagination |= {"page": int(given["page"]), "total": total, "totalPages": -(-total // limit)}
    return {"data": page["nodes"], "pagination": pagination}
