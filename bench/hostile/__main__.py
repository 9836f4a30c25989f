"""``python -m bench.hostile``: the table on standard output, progress on standard error; 1 when a bound is broken."""

import argparse
import asyncio
import importlib
import json
import pkgutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Protocol

from bench.hostile import sections
from bench.hostile.figures import Figure, as_json, table
from bench.hostile.target import OURS, Target, target


class Section(Protocol):
    """A module of ``bench.hostile.sections``."""

    SECTION: str
    measure: Callable[[Target], Awaitable[list[Figure]]]


def found() -> dict[str, Section]:
    """Every section by the name of its module."""
    names = sorted(each.name for each in pkgutil.iter_modules(sections.__path__))
    return {name: importlib.import_module(f"{sections.__name__}.{name}") for name in names}


def _measure(section: Section, code: Path) -> list[Figure]:
    settings: Mapping[str, str] = getattr(section, "SETTINGS", {})

    async def whole(folder: Path) -> list[Figure]:
        async with target(code, settings, folder) as server:
            return await section.measure(server)

    with tempfile.TemporaryDirectory(prefix="counterfoil-hostile-") as folder:
        try:
            return asyncio.run(whole(Path(folder)))
        except BaseException:
            for printed in sorted(Path(folder).glob("*.log")):
                print(
                    f"== {printed.stem} printed last\n{printed.read_text(encoding='utf-8', errors='replace')[-2000:]}",
                    file=sys.stderr,
                )
            raise


def main() -> int:
    """Measure and print."""
    every = found()
    parser = argparse.ArgumentParser(prog="python -m bench.hostile", description="Measure what hostile callers cost.")
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=list(every), help=f"of: {', '.join(every)}"
    )
    parser.add_argument("--json", type=Path, help="also write the figures into this file")
    parser.add_argument("--code", type=Path, default=OURS, help="the checkout whose server is attacked (default: this)")
    arguments = parser.parse_args()
    unknown = set(arguments.only) - set(every)
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    figures: dict[str, list[Figure]] = {}
    for name in arguments.only:
        print(f"== {name}", file=sys.stderr, flush=True)
        figures[every[name].SECTION] = _measure(every[name], arguments.code.resolve())
    print(table(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(as_json(figures), indent=2) + "\n", encoding="utf-8")
    return int(not all(figure.ok for each in figures.values() for figure in each))


if __name__ == "__main__":
    sys.exit(main())
