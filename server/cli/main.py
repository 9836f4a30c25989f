"""The command line. Errors go to standard error: 2 for a wrong call or setting, 1 for what could not be done.

A command's body is loaded by its name when it runs, so that `--help` imports nothing else of ours.
"""

import argparse
import importlib
import importlib.metadata
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from server.cli.console import complain, discard
from server.errors import CommandError, OutputClosed, SettingsError, WrongCall

# As a shell tells of a program that the signal SIGPIPE ended.
OUTPUT_CLOSED = 141


@dataclass(frozen=True)
class Option:
    """A named argument of a command; a flag takes no value."""

    name: str
    help: str
    required: bool = True
    flag: bool = False


@dataclass(frozen=True)
class Command:
    """A command: its words, what it does in one line, its body and its options.

    The body is `module:function`; the function takes the parsed arguments and returns the exit code.
    """

    words: tuple[str, ...]
    help: str
    body: str
    options: tuple[Option, ...] = ()


DESCRIPTION = "Run and operate Counterfoil. Settings come from the environment: see `counterfoil settings`."
GROUPS = {
    "org": "manage organizations",
    "keys": "manage API keys",
    "jobs": "list, show, retry and cancel the jobs of workers",
    "audit": "verify, export and erase the audit log",
    "schema": "print the GraphQL schema",
    "openapi": "print the OpenAPI document",
}
ORG = Option("--org", "slug or ID of the organization")
JOB = (ORG, Option("--id", "ID of the job"))

COMMANDS = (
    Command(
        ("dev",),
        "run PostgreSQL, Valkey, the API and a worker, with a demo organization",
        "server.cli.run:dev",
        (
            Option("--reset", "first remove the data, keys and secrets of earlier runs", required=False, flag=True),
            Option(
                "--explorer",
                "build GraphiQL and the API reference of the checkout while the API runs",
                required=False,
                flag=True,
            ),
        ),
    ),
    Command(("serve",), "run the API server", "server.cli.run:serve"),
    Command(
        ("worker",),
        "run a worker, of all queues or of some",
        "server.cli.run:worker",
        (
            Option(
                "--queues",
                "comma-separated queues, each optionally with its number of slots: webhooks=32,timers",
                required=False,
            ),
        ),
    ),
    Command(("migrate",), "migrate the database to the latest revision", "server.cli.run:migrate"),
    Command(
        ("org", "create"),
        "create an organization and print its ID",
        "server.cli.data:create_organization",
        (
            Option("--name", "name of the organization"),
            Option("--slug", "unique short name: lower-case letters, digits and hyphens"),
        ),
    ),
    Command(
        ("keys", "create"),
        "create an API key and print it; it is not shown again",
        "server.cli.keys:create",
        (ORG, Option("--name", "name of the key"), Option("--scopes", "comma-separated scopes, or '*' for all")),
    ),
    Command(
        ("keys", "list"),
        "list an organization's API keys, newest first",
        "server.cli.keys:list_all",
        (ORG, Option("--json", "as JSON, in the form of the REST API", required=False, flag=True)),
    ),
    Command(
        ("keys", "revoke"),
        "revoke an API key and every key that it created; print the webhook endpoints that are disabled with them",
        "server.cli.keys:revoke",
        (ORG, Option("--id", "ID of the key")),
    ),
    Command(
        ("jobs", "list"),
        "list an organization's jobs, newest first",
        "server.cli.jobs:list_some",
        (
            ORG,
            Option("--state", "QUEUED, RUNNING, DONE, FAILED or CANCELLED", required=False),
            Option("--queue", "queue, such as webhooks", required=False),
            Option("--function", "function, such as WEBHOOK_DELIVERY", required=False),
            Option("--limit", "number of jobs at most (default: 100)", required=False),
        ),
    ),
    Command(("jobs", "show"), "show a job", "server.cli.jobs:show", JOB),
    Command(
        ("jobs", "retry"), "queue a failed job again, with its full number of attempts", "server.cli.jobs:retry", JOB
    ),
    Command(("jobs", "cancel"), "cancel a QUEUED job", "server.cli.jobs:cancel", JOB),
    Command(
        ("audit", "verify"),
        "verify an organization's audit log, or an exported bundle with the public keys",
        "server.cli.audit:verify",
        (
            Option("--org", "slug or ID of the organization; for a bundle, its ID", required=False),
            Option("--head", "earlier head, as number:hash, that the log must contain", required=False),
            Option("--bundle", "file written by `audit export`", required=False),
            Option("--key", "public keys that the bundle may be signed by, as printed by `audit key`", required=False),
        ),
    ),
    Command(
        ("audit", "export"),
        "verify an organization's audit log and write it to a signed bundle",
        "server.cli.audit:export",
        (
            ORG,
            Option("--out", "file to write"),
            Option("--from", "number of the first entry (default: 1)", required=False),
            Option("--to", "number of the last entry (default: the last in the log)", required=False),
        ),
    ),
    Command(
        ("audit", "erase"),
        "erase a resource's changes from the audit log, and record the erasure in it",
        "server.cli.audit:erase",
        (
            ORG,
            Option("--target", "ID of a resource or of an audit entry"),
        ),
    ),
    Command(("audit", "key"), "print the public keys that verify signed bundles", "server.cli.audit:print_key"),
    Command(("schema", "print"), "print the GraphQL schema", "server.cli.print:schema"),
    Command(("openapi", "print"), "print the OpenAPI document of the REST API", "server.cli.print:openapi"),
    Command(("settings",), "list the settings with their defaults and meanings", "server.cli.print:settings"),
    Command(("scopes",), "list the scopes with the operations that they allow", "server.cli.print:scopes"),
    Command(
        ("routes",),
        "list the REST routes with their GraphQL operations",
        "server.cli.print:routes",
        (
            Option(
                "--guide",
                "each with its document, its variables and both requests, in Markdown",
                required=False,
                flag=True,
            ),
        ),
    ),
)


class _Version(argparse.Action):
    """Prints the installed version, which is looked up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_rest: Any) -> None:
        sys.stdout.write(f"counterfoil {importlib.metadata.version('counterfoil')}\n")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Return the parser for COMMANDS."""
    root = argparse.ArgumentParser(prog="counterfoil", description=DESCRIPTION, allow_abbrev=False)
    root.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    groups: dict[tuple[str, ...], argparse._SubParsersAction[argparse.ArgumentParser]] = {
        (): root.add_subparsers(metavar="command", required=True)
    }
    for command in COMMANDS:
        group, name = command.words[:-1], command.words[-1]
        if group not in groups:
            inner = groups[()].add_parser(
                group[0], help=GROUPS[group[0]], description=GROUPS[group[0]], allow_abbrev=False
            )
            groups[group] = inner.add_subparsers(metavar="command", required=True)
        leaf = groups[group].add_parser(name, help=command.help, description=command.help, allow_abbrev=False)
        for option in command.options:
            if option.flag:
                leaf.add_argument(option.name, help=option.help, action="store_true")
            else:
                leaf.add_argument(option.name, help=option.help, required=option.required)
        leaf.set_defaults(body=command.body)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code. A call that argparse refuses ends with SystemExit(2)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What is printed is kept in files too: its bytes do not depend on a terminal's locale.
            stream.reconfigure(encoding="utf-8")
    try:
        try:
            return _run(parser().parse_args(arguments))
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # A page of help that nobody read to its end: what a body prints is flushed line by line.
        discard()
        return OUTPUT_CLOSED


def _run(chosen: argparse.Namespace) -> int:
    module, _, name = chosen.body.partition(":")
    try:
        return int(getattr(importlib.import_module(module), name)(chosen))
    except OutputClosed:
        return OUTPUT_CLOSED
    except (SettingsError, WrongCall) as error:
        complain(str(error))
        return 2
    except CommandError as error:
        complain(str(error))
        return 2 if isinstance(error, WrongCall) else 1
    except OSError as error:
        # A folder that cannot be written, a program that cannot be started.
        complain(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        return 1
    except Exception as error:
        # Loaded here alone: a database's drivers are no part of `--help`.
        refused = importlib.import_module("server.refused").refusal(error)
        if refused is None:
            raise
        complain(str(refused))
        return 2 if isinstance(refused, SettingsError) else 1
