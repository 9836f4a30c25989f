"""The bodies of the commands that manage trusted documents."""

import argparse
from collections.abc import Sequence, Sized
from pathlib import Path

from execution import Limits
from models.documents import AppName, AppVersionStatus
from resolvers.context import Row
from resolvers.database.runtime import Runtime
from resolvers.documents import versions
from schema.documents import ManifestError, problems_of, read_manifest
from schema.requests.engine import Engine
from server.cli.console import say, say_table, time_cell
from server.cli.data import checked, context_of, data_settings, run_work
from server.errors import CommandError
from server.settings import Settings

HEADERS = ("APP", "VERSION", "STATUS", "DOCUMENTS", "CHANGED")


def add(arguments: argparse.Namespace) -> int:
    """Add the documents of a manifest as a version of an app, each of which must be valid; print how many they are."""
    app, name = _named(arguments)
    settings = data_settings()
    try:
        documents = read_manifest(Path(arguments.manifest).read_bytes())
    except ManifestError as error:
        raise CommandError(f"{arguments.manifest}: {error}") from None
    _refuse(problems_of(_engine(settings), documents))

    async def work(runtime: Runtime) -> Row:
        ctx = await context_of(runtime, arguments.org)
        async with ctx.transaction():
            row = await versions.add(ctx, app, name, documents)
            if arguments.activate:
                row = await versions.set_status(ctx, app, name, AppVersionStatus.ACTIVE)
        return row

    row = run_work(work, settings)
    say(f"{app} {name}: {_number_of(documents)}, {row['status']}")
    return 0


def activate(arguments: argparse.Namespace) -> int:
    """Serve the documents of a version."""
    return _set_status(arguments, AppVersionStatus.ACTIVE)


def retire(arguments: argparse.Namespace) -> int:
    """Serve the documents of a version no longer, unless another one has them."""
    return _set_status(arguments, AppVersionStatus.RETIRED)


def list_all(arguments: argparse.Namespace) -> int:
    """Print the versions of an organization's apps, newest first, as a table."""

    async def work(runtime: Runtime) -> Sequence[Row]:
        ctx = await context_of(runtime, arguments.org)
        async with ctx.snapshot():
            return await versions.every(ctx)

    say_table([HEADERS, *map(_cells, run_work(work))])
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Judge the documents of all versions that are not retired by the graph of this release. Raises CommandError with
    a line for each that it breaks."""
    settings = data_settings()

    async def work(runtime: Runtime) -> Sequence[Row]:
        ctx = await context_of(runtime, arguments.org)
        async with ctx.snapshot():
            return await versions.in_use(ctx)

    rows, engine = run_work(work, settings), _engine(settings)
    _refuse(
        [
            f"{row['app']} {row['name']}: {problem}"
            for row in rows
            for problem in problems_of(engine, {row["document_id"]: row["text"]})
        ]
    )
    say(f"{_number_of(rows)} {'is' if len(rows) == 1 else 'are'} valid")
    return 0


def _number_of(documents: Sized) -> str:
    return f"{len(documents)} document{'' if len(documents) == 1 else 's'}"


def _named(arguments: argparse.Namespace) -> tuple[str, str]:
    return checked(AppName, arguments.app, "--app"), checked(AppName, arguments.app_version, "--app-version")


def _engine(settings: Settings) -> Engine:
    return Engine(Limits(cost=settings.cost_limit), introspection=settings.introspection)


def _refuse(problems: list[str]) -> None:
    if problems:
        raise CommandError("\n".join(problems))


def _set_status(arguments: argparse.Namespace, status: AppVersionStatus) -> int:
    app, name = _named(arguments)

    async def work(runtime: Runtime) -> Row:
        ctx = await context_of(runtime, arguments.org)
        async with ctx.transaction():
            return await versions.set_status(ctx, app, name, status)

    say(f"{app} {name}: {run_work(work)['status']}")
    return 0


def _cells(row: Row) -> tuple[str, ...]:
    return row["app"], row["name"], row["status"], str(row["documents"]), time_cell(row["updated_at"], "")
