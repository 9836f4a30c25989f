"""The body of `dev`."""

import argparse

from server.cli.console import say
from server.dev import command as development


def dev(arguments: argparse.Namespace) -> int:
    """Run everything here until it is interrupted."""
    development.run(say, reset=arguments.reset, explorer=arguments.explorer)
    return 0
