"""The body of `keys list`."""

import argparse
from collections.abc import Sequence

from models.api_keys import API_KEY, status_of
from models.typeid import encode
from resolvers.api_keys import loaders
from resolvers.context import Row, now
from resolvers.database.runtime import Runtime
from schema.requests.render import renderer
from server.cli.console import say, say_table, time_cell
from server.cli.data import context_of, run_work

HEADERS = ("ID", "NAME", "ENDS IN", "STATUS", "EXPIRES", "LAST USED", "CREATED BY", "SCOPES")


def list_keys(arguments: argparse.Namespace) -> int:
    """Print an organization's API keys, newest first: as a table, or as JSON in the form of the REST API."""

    async def work(runtime: Runtime) -> Sequence[Row]:
        ctx = await context_of(runtime, arguments.org)
        async with ctx.snapshot():
            return await loaders.every(ctx)

    rows = run_work(work)
    if arguments.json:
        shown = renderer(API_KEY.get_operation)
        say(f"[{', '.join(shown(row) for row in rows)}]")
    else:
        say_table([HEADERS, *map(_cells, rows)])
    return 0


def _cells(row: Row) -> tuple[str, ...]:
    return (
        encode(API_KEY.prefix, row["id"]),
        row["name"],
        row["last_four"],
        status_of(row, now()).value,
        time_cell(row["expires_at"], "never"),
        time_cell(row["last_used_at"], "never"),
        row["created_by"],
        ",".join(row["scopes"]),
    )
