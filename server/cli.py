"""The command line. Errors go to standard error: 2 for a wrong call or setting, 1 for what could not be done."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server import commands, commands_audit, commands_data
from server.console import complain
from server.errors import CommandError, WrongCall
from server.settings import SettingsError


@dataclass(frozen=True)
class Option:
    """A named argument of a command."""

    name: str
    help: str
    required: bool = True


@dataclass(frozen=True)
class Command:
    """A command: its words, what it does in one line, its options and its body, which returns the exit code."""

    words: tuple[str, ...]
    help: str
    body: Callable[[argparse.Namespace], int]
    options: tuple[Option, ...] = ()


ORG = Option("--org", "the organization's slug")

COMMANDS = (
    Command(("dev",), "run servers, the API and a worker here, with a demo organization", commands.dev),
    Command(("serve",), "run the API", commands.serve),
    Command(("worker",), "run a worker", commands.worker),
    Command(("migrate",), "bring the database to the newest revision", commands.migrate),
    Command(
        ("org", "create"),
        "create an organization and print its id",
        commands_data.create_organization,
        (Option("--name", "its name"), Option("--slug", "its slug, unique, in lower case")),
    ),
    Command(
        ("keys", "create"),
        "create an API key and print it, once",
        commands_data.create_key,
        (ORG, Option("--name", "what it is for"), Option("--scopes", "scopes, comma-separated, or '*'")),
    ),
    Command(
        ("audit", "verify"),
        "verify an organization's sealed audit log, or a bundle of one with the public key alone",
        commands_audit.verify,
        (
            Option("--org", "the organization's slug or id; for a bundle its id", required=False),
            Option("--head", "a head kept elsewhere, as number:hash, that must be in the chain", required=False),
            Option("--bundle", "a file that `audit export` wrote", required=False),
            Option("--key", "the public keys that a bundle's head may be signed by", required=False),
        ),
    ),
    Command(
        ("audit", "export"),
        "verify an organization's sealed audit log and write a signed bundle of it",
        commands_audit.export,
        (
            Option("--org", "the organization's slug or id"),
            Option("--out", "the file to be written"),
            Option("--from", "the first entry's number, 1 unless said otherwise", required=False),
            Option("--to", "the last entry's number, the log's end unless said otherwise", required=False),
        ),
    ),
    Command(
        ("audit", "erase"),
        "erase what the audit log holds of a resource, and seal who erased it",
        commands_audit.erase,
        (
            Option("--org", "the organization's slug or id"),
            Option("--target", "a resource's id, or an audit entry's"),
        ),
    ),
    Command(("audit", "key"), "print the public keys that verify signed bundles", commands_audit.print_key),
    Command(("schema", "print"), "print the GraphQL schema", commands.print_schema),
    Command(("openapi", "print"), "print the OpenAPI document of the REST API", commands.print_openapi),
    Command(("settings",), "print each setting with its default and meaning", commands.print_settings),
    Command(("routes",), "print each REST route with its operation", commands.print_routes),
)


def parser() -> argparse.ArgumentParser:
    """The parser for COMMANDS."""
    root = argparse.ArgumentParser(prog="counterfoil", allow_abbrev=False)
    groups: dict[tuple[str, ...], argparse._SubParsersAction[argparse.ArgumentParser]] = {
        (): root.add_subparsers(metavar="command", required=True)
    }
    for command in COMMANDS:
        group, name = command.words[:-1], command.words[-1]
        if group not in groups:
            inner = groups[()].add_parser(group[0], help=f"{group[0]} commands", allow_abbrev=False)
            groups[group] = inner.add_subparsers(metavar="command", required=True)
        leaf = groups[group].add_parser(name, help=command.help, description=command.help, allow_abbrev=False)
        for option in command.options:
            leaf.add_argument(option.name, help=option.help, required=option.required)
        leaf.set_defaults(body=command.body)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code. A wrong call ends with SystemExit(2), as argparse does."""
    chosen = parser().parse_args(arguments)
    try:
        return int(chosen.body(chosen))
    except SettingsError as error:
        complain(str(error))
        return 2
    except CommandError as error:
        complain(str(error))
        return 2 if isinstance(error, WrongCall) else 1
    except OSError as error:
        # A folder that cannot be written, a program that cannot be started.
        complain(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
