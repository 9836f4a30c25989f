"""A server of which nothing depends on how fast it runs: `python -m bench.untimed MODULE …` runs a module like
`python -m`, without turns on the event loop, without commits and settlements that a timer sends, and without a second
look-up of a key."""

import math
import runpy
import sys

from resolvers.api_keys import verification
from resolvers.database import loop_turns, pool
from server.access import buckets


def main() -> None:
    """Run a module until it ends."""
    _, module, *rest = sys.argv
    loop_turns.ITERATION_S = loop_turns.ALONE_ITERATION_S = math.inf
    pool.COMMIT_DELAY_S, pool.MAX_CHAIN_S = 3_600.0, math.inf
    verification.CACHED_SECONDS = math.inf
    buckets.PERIOD_S = 3_600.0
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
