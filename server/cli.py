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

from server.console import complain, discard
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


ORG = Option("--org", "the organization's slug")

COMMANDS = (
    Command(
        ("dev",),
        "run servers, the API and a worker here, with a demo organization",
        "server.commands:dev",
        (Option("--reset", "first remove the data, keys and secrets of earlier runs", required=False, flag=True),),
    ),
    Command(("serve",), "run the API", "server.commands:serve"),
    Command(("worker",), "run a worker", "server.commands:worker"),
    Command(("migrate",), "bring the database to the newest revision", "server.commands:migrate"),
    Command(
        ("org", "create"),
        "create an organization and print its id",
        "server.commands_data:create_organization",
        (Option("--name", "its name"), Option("--slug", "its slug, unique, in lower case")),
    ),
    Command(
        ("keys", "create"),
        "create an API key and print it, once",
        "server.commands_data:create_key",
        (ORG, Option("--name", "what it is for"), Option("--scopes", "scopes, comma-separated, or '*'")),
    ),
    Command(
        ("audit", "verify"),
        "verify an organization's sealed audit log, or a bundle of one with the public key alone",
        "server.commands_audit:verify",
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
        "server.commands_audit:export",
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
        "server.commands_audit:erase",
        (
            Option("--org", "the organization's slug or id"),
            Option("--target", "a resource's id, or an audit entry's"),
        ),
    ),
    Command(("audit", "key"), "print the public keys that verify signed bundles", "server.commands_audit:print_key"),
    Command(("schema", "print"), "print the GraphQL schema", "server.commands_print:schema"),
    Command(("openapi", "print"), "print the OpenAPI document of the REST API", "server.commands_print:openapi"),
    Command(("settings",), "print each setting with its default and meaning", "server.commands_print:settings"),
    Command(("scopes",), "print each scope with what it opens", "server.commands_print:scopes"),
    Command(("routes",), "print each REST route with its operation", "server.commands_print:routes"),
)


class _Version(argparse.Action):
    """Prints the installed version, which is looked up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_rest: Any) -> None:
        sys.stdout.write(f"counterfoil {importlib.metadata.version('counterfoil')}\n")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """The parser for COMMANDS."""
    root = argparse.ArgumentParser(prog="counterfoil", allow_abbrev=False)
    root.add_argument("--version", action=_Version, nargs=0, help="print the version")
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


if __name__ == "__main__":
    sys.exit(main())
