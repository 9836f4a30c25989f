"""How the yardsticks are served: one process of uvicorn, on the settings that the product reads too."""

import logging
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from server.garbage import collector
from server.settings import Settings, load


def serve(make_app: Callable[[Settings], ASGIApp], *, tuned: bool) -> None:
    """Answer until SIGINT or SIGTERM. ``tuned``: with the product's way of collecting garbage."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    settings = load(Settings)

    def made() -> ASGIApp:
        app = make_app(settings)
        if tuned:
            collector.start()
        return app

    uvicorn.run(
        made,
        factory=True,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
