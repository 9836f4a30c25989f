"""The bodies of the commands that manage API keys."""

import argparse

from models.api_keys import API_KEY
from models.resources import scopes as known_scopes
from models.typeid import encode
from models.types import Name
from resolvers.api_keys import mutations, rights
from resolvers.collections.rows import Key
from resolvers.context import Row
from resolvers.database.runtime import Runtime
from server.cli.console import say
from server.cli.data import checked, context_of, run_work
from server.errors import WrongCall


def create(arguments: argparse.Namespace) -> int:
    """Create an API key and print it, alone: this is the only time that it is shown."""
    name = checked(Name, arguments.name, "--name")
    scopes = [scope.strip() for scope in arguments.scopes.split(",") if scope.strip()]
    if not scopes:
        raise WrongCall("--scopes: name at least one scope, or '*'")
    known = known_scopes()
    unknown = [scope for scope in scopes if scope not in known]
    if unknown:
        raise WrongCall(f"--scopes: there is no scope {unknown[0]!r}, only {', '.join(sorted(known))}")

    async def work(runtime: Runtime) -> str:
        ctx = await context_of(runtime, arguments.org)
        async with ctx.transaction():
            given = {"name": name, "scopes": sorted(set(scopes))}
            _, raw = await mutations.create(ctx, given | {"trusted_documents_only": arguments.trusted_documents_only})
        return raw

    say(run_work(work))
    return 0


def revoke(arguments: argparse.Namespace) -> int:
    """Revoke an API key; print how many others were revoked with it, and each webhook endpoint that was disabled."""

    async def work(runtime: Runtime) -> tuple[Row, list[str], int]:
        ctx = await context_of(runtime, arguments.org)
        async with ctx.transaction():
            return await mutations.revoke(ctx, Key(arguments.id))

    _, disabled, others = run_work(work)
    say(f"revoked {arguments.id}" + (f" and {others} that it created" if others else ""))
    for endpoint in disabled:
        say(f"disabled {endpoint}")
    return 0


def bind(_arguments: argparse.Namespace) -> int:
    """Bind to each API key from before there were MACs what it may do now, and print these keys with their scopes."""
    for row in run_work(rights.bind_all):
        say(f"bound {encode(API_KEY.prefix, row['id'])} ({row['name']}): {','.join(row['scopes'])}")
    return 0
