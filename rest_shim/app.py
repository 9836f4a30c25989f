"""Serves the documented routes: each request becomes its operation, each answer its reply."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Any

import orjson

from models.keys import Source
from resolvers.context import Context
from resolvers.errors import Refusal, Refusals, bad_input, not_found, shown_refusal
from resolvers.windows import DEFAULT_PAGE
from rest_shim.routes import ROUTES, Kind, Route, under_parents
from rest_shim.translate import input_of, list_variables, request_field
from schema.answers import Answer
from schema.engine import Engine, Prepared
from schema.graph import CORE
from schema.operations import OPERATIONS
from schema.variables import wrong_variables
from web.body import Bodies
from web.dependencies import Dependencies
from web.etags import not_modified, versions_expected
from web.http import JSON, Endpoint, Header, Reply, Request, reply
from web.idempotency import REPLAYED, idempotency_key
from web.problems import problem

# A body or a query that is refused was read and judged: its organization pays for that.
REFUSED = 20


def endpoints(
    engine: Engine, dependencies: Dependencies, webhook_parents: Iterable[str] = ()
) -> Iterator[tuple[Route, Endpoint]]:
    """Yield every documented route with what answers it.

    The webhooks answer under each of ``webhook_parents`` too.
    """
    for route in (*under_parents(webhook_parents), *ROUTES):
        yield route, _Endpoint(engine, dependencies, route)


class _Endpoint:
    """Answers one route."""

    def __init__(self, engine: Engine, dependencies: Dependencies, route: Route) -> None:
        self.engine, self.dependencies, self.route = engine, dependencies, route
        self.operation = OPERATIONS[route.operation]
        # What its key needs is known without variables: it is asked for before a body is read.
        self.plain: Prepared = engine.prepared(self.operation, {})
        self.says: Header = (b"x-graphql-operation", route.operation.encode())
        self.place = partial(_place, route)

    async def __call__(self, request: Request) -> Reply:
        request.state["kind"] = self.operation.kind
        headers = [self.says]
        try:
            answer, ctx = await self._answer(request, headers)
        except Refusal as refused:
            return problem([shown_refusal(refused, request.request_id)], self.place, headers)
        except Refusals as several:
            found = [shown_refusal(refusal, request.request_id) for refusal in several.refusals]
            return problem(found, self.place, headers)
        request.state["statements"] = ctx.statements
        request.state["secret"] = bool(ctx.once)
        if ctx.replayed:
            headers.append(REPLAYED)
        if answer.errors:
            return problem(answer.errors, self.place, headers)
        assert answer.data is not None, "an answer without errors has data"
        return self._reply(request, answer.data[self.route.root], headers)

    async def _answer(self, request: Request, headers: list[Header]) -> tuple[Answer, Context]:
        dependencies, engine = self.dependencies, self.engine
        actor = await dependencies.payer_of(request, headers)
        engine.allow(self.plain, actor)
        versions = versions_expected(request) if self.route.kind in (Kind.UPDATE, Kind.DELETE) else None
        try:
            variables = await _variables(dependencies.bodies, self.route, request, versions)
        except (Refusal, Refusals) as refused:
            if not isinstance(refused, Refusal) or refused.status == HTTPStatus.BAD_REQUEST:
                await dependencies.pay(actor.org_id, 0, headers, REFUSED + request.weight)
            raise
        prepared = engine.prepared(self.operation, variables)
        key = idempotency_key(request)
        ctx = Context(dependencies.runtime, actor, request.request_id, Source.REST, key)
        request.state["ctx"] = ctx
        await dependencies.pay(actor.org_id, prepared.measure.cost, headers, request.weight)
        if versions is None or len(versions) < 2:
            answer = await engine.run(ctx, prepared)
            dependencies.charge_search(ctx)
            return answer, ctx
        return await self._of_versions(request, ctx, prepared, versions)

    async def _run(self, ctx: Context, prepared: Prepared) -> Answer:
        answer = await self.engine.run(ctx, prepared)
        self.dependencies.charge_search(ctx)
        return answer

    async def _of_versions(
        self, request: Request, ctx: Context, prepared: Prepared, versions: list[int]
    ) -> tuple[Answer, Context]:
        """The answer to a change of an object that has one of several versions: the graph takes one."""
        # A repeat must have the same list, whichever of its versions was the right one.
        listed = {"input": {**prepared.variables["input"], "expectedVersion": versions}}
        prepared = replace(prepared, identity=listed)
        answer = await self._run(ctx, prepared)
        current = answer.errors[0]["extensions"].get("currentVersion") if answer.errors else None
        if current not in versions:
            return answer, ctx
        again = Context(self.dependencies.runtime, ctx.actor, ctx.request_id, Source.REST, ctx.idempotency_key)
        request.state["ctx"] = again
        variables = {"input": {**prepared.variables["input"], "expectedVersion": current}}
        return await self._run(again, replace(prepared, variables=variables)), again

    def _reply(self, request: Request, found: Any, headers: list[Header]) -> Reply:
        route = self.route
        if route.kind is Kind.DELETE:
            return reply(204, b"", JSON, headers)
        if route.kind is Kind.LIST:
            return reply(200, orjson.dumps(_envelope(found, request)), JSON, headers)
        shown = {}
        if route.kind is not Kind.GET:
            shown = {name: found[name] for name in route.beside}
            found = found[route.resource]
        if found is None:
            missing = shown_refusal(not_found(route.resource), request.request_id)
            return problem([missing], self.place, headers)
        tag = b'"%d"' % found["version"]
        headers.append((b"etag", tag))
        if route.kind is Kind.GET and not_modified(request, tag):
            return reply(304, b"", JSON, headers)
        if route.kind is Kind.CREATE:
            if route.located:
                headers.append((b"location", f"{route.path}/{found['publicId']}".encode()))
            return reply(201, orjson.dumps({"data": found | shown}), JSON, headers)
        return reply(200, orjson.dumps({"data": found}), JSON, headers)


def _place(route: Route, field: str) -> str:
    return field if field.startswith(("query.", "body", "header.", "path.")) else request_field(route, field)


async def _variables(bodies: Bodies, route: Route, request: Request, versions: list[int] | None) -> dict[str, Any]:
    given = request.query()
    if route.kind is Kind.LIST:
        return list_variables(route, given)
    if given:
        names = dict.fromkeys(name for name, _ in given)
        raise Refusals(
            [bad_input(f"query.{name}", "There is no such parameter.", "UNKNOWN_PARAMETER") for name in names]
        )
    public_id = request.params.get("publicId")
    if route.kind is Kind.GET:
        return {"id": public_id}
    body: dict[str, Any] = {}
    if route.kind is not Kind.DELETE:
        body = await bodies.json(request)
    given_input, problems = input_of(route, body, public_id, versions[0] if versions else None)
    variables = {"input": given_input}
    if problems:
        wrong = {problem.field for problem in problems}
        operation = OPERATIONS[route.operation]
        beside = wrong_variables(CORE, operation, variables)
        raise Refusals([*problems, *(each for each in beside if request_field(route, each.field or "") not in wrong)])
    return variables


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
