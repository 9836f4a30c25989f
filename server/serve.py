"""`counterfoil serve`: one process of the API; several may run at once, each on its own address."""

import logging
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from server.app import Application
from server.garbage import collector
from server.http.bounded import bounded
from server.http.descriptors import RESERVED, descriptors
from server.http.protocol import BoundedProtocol
from server.http.slots import Slots
from server.settings import Settings

# `docker stop` kills after 10 s, and what was open has to be closed.
GRACE_SECONDS = 5


def serve(make_app: Callable[[], Application], settings: Settings) -> None:
    """Answer requests until SIGINT or SIGTERM; what is under way then has 5 s to finish.

    `make_app` is called on the loop that serves, to which pools belong. Raises what fails at its start.
    """
    made: list[Application] = []

    def make() -> ASGIApp:
        made.append(make_app())
        # From now on, as what was loaded lives for ever.
        collector.start()
        return made[0]

    # Its start and stop lines say nothing that our own do not; its warnings are kept.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    descriptors.reserved = RESERVED + settings.pool_max
    server = uvicorn.Server(
        uvicorn.Config(
            make,
            factory=True,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http=protocol_of(settings),
            limit_concurrency=settings.limit_concurrency,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    # Once it has stopped, uvicorn sends itself the signal that stopped it again.
    try:
        with suppress(KeyboardInterrupt):
            server.run()
    except SystemExit:
        failure = made[0].failure if made else None
        if failure is None:
            raise
        raise failure from None
    finally:
        collector.stop()


def protocol_of(settings: Settings) -> type[BoundedProtocol]:
    """Return the HTTP protocol of a process, with the bounds that settings name."""
    return bounded(settings.header_timeout_s, Slots(settings.address_connections, settings.trusted_proxies))
