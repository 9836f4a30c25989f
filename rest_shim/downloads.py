"""Answers downloads, behind the checks that documented routes have."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote

from models.actors import Source
from models.typeid import decode
from resolvers.context import Context
from resolvers.downloads import Download, File
from resolvers.errors import Refusal, Refusals, bad_input, not_found, shown_refusal
from rest_shim.endpoint import REFUSED
from schema.declaration.inputs import MAX_PROBLEMS
from web.accept import most_accepted
from web.deadlines import Deadlines
from web.dependencies import Dependencies
from web.etags import not_modified
from web.http import CHUNK_S, AnyReply, Header, Reply, Request, Streamed, reply
from web.problems import problem

OCTETS = b"application/octet-stream"
# What a header's quoted text has as it is.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. ")


class DownloadEndpoint:
    """The endpoint of a download."""

    def __init__(self, dependencies: Dependencies, download: Download) -> None:
        self.dependencies, self.download = dependencies, download

    async def __call__(self, request: Request) -> AnyReply:
        """Answer one request."""
        request.state["operation_type"] = "query"
        headers: list[Header] = []
        try:
            return await self._answer(request, headers)
        except Refusal as refused:
            return problem([shown_refusal(refused, request.request_id)], _origin, headers)
        except Refusals as several:
            found = [shown_refusal(refusal, request.request_id) for refusal in several.refusals]
            return problem(found, _origin, headers)

    async def _answer(self, request: Request, headers: list[Header]) -> AnyReply:
        dependencies, download = self.dependencies, self.download
        actor = await dependencies.payer_of(request, headers)
        if not actor.may(download.scope):
            message = f"The {actor.credential} lacks the scope {download.scope}."
            raise Refusal("FORBIDDEN", message, scope=download.scope)
        unknown = [
            bad_input(f"query.{name}", "There is no such parameter.", "UNKNOWN_PARAMETER")
            for name in dict(request.query())
        ]
        if unknown:
            await dependencies.pay(request, actor, 0, headers, REFUSED)
            raise Refusals(unknown[:MAX_PROBLEMS])
        await dependencies.runtime.turns.take(actor.org_id)
        ctx = Context(dependencies.runtime, actor, request.request_id, Source.REST, unfiltered=True)
        request.state["ctx"] = ctx
        await dependencies.pay(request, actor, download.cost, headers)
        file = await self._found(ctx, request.params["publicId"])
        request.state["statements"] = ctx.statements
        tag = b'"%s"' % file.etag.encode()
        headers += [(b"etag", tag), (b"content-disposition", disposition(file.name))]
        if not_modified(request, tag):
            return reply(304, b"", b"", headers)
        media = _media(request, download.media.encode())
        if request.method == "HEAD":
            return Reply(200, b"", [*headers, (b"content-type", media)])
        chunks = file.chunks()
        first, second = await _begun(request.state["deadlines"], chunks)
        dependencies.owe(actor, file.cost)
        if second is None:
            return reply(200, first, media, headers)
        # What has begun cannot be refused any more: it waits for connections for as long as a chunk may take.
        ctx.runtime = replace(ctx.runtime, pool_wait=CHUNK_S)
        return Streamed(200, _joined(first, second, chunks), [*headers, (b"content-type", media)])

    async def _found(self, ctx: Context, public_id: str) -> File:
        """Return the file of an object. Raises Refusal NOT_FOUND."""
        resource = self.download.resource
        key = decode(resource.prefix, public_id)
        if key is not None:
            async with ctx.snapshot():
                file = await self.download.find(ctx, key)
            if file is not None:
                return file
        raise not_found(resource.label)


async def _begun(deadlines: Deadlines, chunks: AsyncIterator[bytes]) -> tuple[bytes, bytes | None]:
    """Return the first two chunks of a file, the second None where there is none. Raises Refusal UNAVAILABLE where they
    take longer than chunks may."""
    try:
        with deadlines.paused():
            async with asyncio.timeout(CHUNK_S):
                return await anext(chunks, b""), await anext(chunks, None)
    except TimeoutError:
        raise Refusal("UNAVAILABLE", "The file took too long; retry it.", retryAfter=1) from None


async def _joined(first: bytes, second: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    yield second
    async for chunk in rest:
        yield chunk


def _media(request: Request, own: bytes) -> bytes:
    """Return the Content-Type of a file: its own, or that of any bytes where Accept prefers that."""
    best = most_accepted(request.whole(b"accept"), (OCTETS, own.partition(b";")[0]))
    return OCTETS if best == OCTETS else own


def _origin(field: str) -> str:
    """Return where in a request a field is from."""
    return "path.publicId" if field == "id" else field


def disposition(name: str) -> bytes:
    """Return a Content-Disposition (RFC 6266): the name in ASCII, and where that is another one, in UTF-8 too."""
    name = name.replace("/", "-").replace("\\", "-")
    plain = "".join(character if character in _PLAIN else "_" for character in name)
    also = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{also}'.encode()
