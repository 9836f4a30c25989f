"""The bodies of the commands that print what the code knows: each takes the parsed arguments, returns the exit code."""

import argparse

from rest_shim.openapi import printed_openapi
from rest_shim.routes import ROUTES
from rest_shim.to_graphql import guide_to_graphql
from schema.contract.changes import changes_table
from schema.requests.printed import printed_schema
from server.cli.console import say
from server.cli.scopes_table import scopes_table


def schema(_arguments: argparse.Namespace) -> int:
    """Print the GraphQL schema as it is committed."""
    say(printed_schema().removesuffix("\n"))
    return 0


def changes(_arguments: argparse.Namespace) -> int:
    """Print what changed in the GraphQL schema since the last release, as CHANGELOG-schema.md has it."""
    say(changes_table(printed_schema()))
    return 0


def openapi(_arguments: argparse.Namespace) -> int:
    """Print the OpenAPI document as it is committed."""
    say(printed_openapi())
    return 0


def scopes(_arguments: argparse.Namespace) -> int:
    """Print every scope with what it opens, as the README has them."""
    say(scopes_table())
    return 0


def routes(arguments: argparse.Namespace) -> int:
    """Print each REST route with its operation, or the guide that moves requests from one to the other."""
    if arguments.guide:
        say(guide_to_graphql())
        return 0
    for route in ROUTES:
        say(f"{route.method:<7}{route.path:<45}{route.operation}")
    return 0
