"""`python -m server.cli`."""

import sys

from server.cli.main import program

if __name__ == "__main__":
    sys.exit(program())
