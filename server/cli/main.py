"""The command line. Errors go to standard error: 2 for a wrong call or setting, 1 for what could not be done.

A command's body is loaded by its name when it runs, so that `--help` imports nothing else of ours.
"""

import argparse
import gc
import importlib.metadata
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from server.cli.commands import COMMANDS, GROUPS
from server.cli.console import complain, discard
from server.errors import CommandError, OutputClosed, SettingsError, WrongCall
from server.late import late

# As a shell tells of a program that the signal SIGPIPE ended.
OUTPUT_CLOSED = 141
DESCRIPTION = "Run and operate Counterfoil. Settings come from the environment: see `counterfoil settings`."


class _Version(argparse.Action):
    """Prints the installed version, which is looked up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_rest: Any) -> None:
        sys.stdout.write(f"counterfoil {importlib.metadata.version('counterfoil')}\n")
        parser.exit()


class _Parser(argparse.ArgumentParser):
    """A parser that prints its errors as commands print theirs: one line."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong with the arguments, and where they are explained; ends with SystemExit(2)."""
        complain(f"{message.removeprefix('argument ')}: see `{self.prog} --help`")
        self.exit(2)


def parser() -> argparse.ArgumentParser:
    """Return the parser for COMMANDS."""
    root = _Parser(prog="counterfoil", description=DESCRIPTION, allow_abbrev=False)
    root.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    groups: dict[tuple[str, ...], argparse._SubParsersAction[_Parser]] = {
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
    if sys.stderr is None:
        # It was closed as the process started; what is opened next must not become it.
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
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


def program() -> int:
    """Run a command as a process of its own; returns the exit code.

    As it ends, the garbage collector does not look once more at all that was loaded: that takes as long as to load it.
    """
    try:
        return main()
    finally:
        gc.freeze()


def _run(chosen: argparse.Namespace) -> int:
    module, _, name = chosen.body.partition(":")
    try:
        return int(late(module, name)(chosen))
    except OutputClosed:
        return OUTPUT_CLOSED
    except (SettingsError, WrongCall) as error:
        complain(str(error))
        return 2
    except CommandError as error:
        complain(str(error))
        return 2 if isinstance(error, WrongCall) else 1
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, ConnectionError):
            # A folder that cannot be written, a program that cannot be started.
            complain(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
            return 1
        # Loaded here alone: a database's drivers are no part of `--help`.
        refused = late("server.command_errors", "command_error")(error)
        if refused is None:
            raise
        complain(str(refused))
        return 2 if isinstance(refused, SettingsError) else 1
