"""The product's application for Granian, in place of uvicorn: `granian --factory bench.granian_app:make_app`."""

from starlette.types import ASGIApp

from server.app import create_app
from server.garbage import collector
from server.monitoring.logs import configure
from server.settings import Settings, load


def make_app() -> ASGIApp:
    """The application, as `counterfoil serve` makes it."""
    settings = load(Settings)
    configure(settings.log_level, settings.log_format)
    app = create_app(settings)
    collector.start()
    return app
