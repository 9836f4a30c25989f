"""An ASGI application that does nothing: what the load generator and the HTTP server reach by themselves."""

from typing import Any

from starlette.types import ASGIApp

from bench.plain import serve
from server.settings import Settings

BODY = b"{}"


def make_app(settings: Settings) -> ASGIApp:
    """The application; it needs no setting."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for _ in range(2):
                await send({"type": (await receive())["type"] + ".complete"})
            return
        headers = [(b"content-length", b"%d" % len(BODY))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})

    return app


if __name__ == "__main__":
    serve(make_app, tuned=True)
