"""The body of `serve`."""

import argparse
from functools import partial

from server.app import create_app
from server.cli.console import complain
from server.cli.migrated import is_database_migrated
from server.database.migrated import NOT_MIGRATED
from server.http.ports import require_free_port
from server.monitoring import logs
from server.serve import serve as serve_app
from server.settings import Settings, load


def serve(_arguments: argparse.Namespace) -> int:
    """Run the API until a signal ends it. Without its tables it answers 503, so that it may start before `migrate`."""
    settings = load(Settings)
    logs.configure(settings.log_level, settings.log_format)
    require_free_port(settings.host, settings.port)
    if not is_database_migrated(settings):
        complain(NOT_MIGRATED)
    serve_app(partial(create_app, settings), settings)
    return 0
