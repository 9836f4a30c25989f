"""A server whose calls are counted: `python -m bench.counted FILE MODULE …` runs a module like `python -m`. From the
first SIGUSR1 on it counts; each writes into the file how often each function was called since, and how often it called
one made in C."""

import cProfile
import json
import os
import runpy
import signal
import sys
from pathlib import Path
from types import CodeType
from typing import Any


def _shown(code: CodeType) -> str:
    """Return a function as py-spy shows it, with its file as it is imported."""
    file = code.co_filename
    for folder in sorted(filter(None, map(os.path.realpath, sys.path)), key=len, reverse=True):
        if file.startswith(folder + os.sep):
            file = file[len(folder) + 1 :]
            break
    return f"{code.co_qualname} ({file})"


def counts(profile: cProfile.Profile) -> dict[str, tuple[int, int]]:
    """Return each function's calls, and those that it made of functions in C."""
    found: dict[str, tuple[int, int]] = {}
    entries: Any = profile.getstats()
    for entry in entries:
        if isinstance(entry.code, CodeType):
            inner = sum(each.callcount for each in entry.calls or () if not isinstance(each.code, CodeType))
            name = _shown(entry.code)
            called, made = found.get(name, (0, 0))
            found[name] = called + entry.callcount, made + inner
    return found


def main() -> None:
    """Run a module until it ends."""
    _, file, module, *rest = sys.argv
    profile = cProfile.Profile()

    def write(_number: int, _frame: object) -> None:
        profile.disable()
        part = Path(f"{file}.part")
        part.write_text(json.dumps(counts(profile)), encoding="utf-8")
        part.replace(file)
        profile.enable()

    signal.signal(signal.SIGUSR1, write)
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
