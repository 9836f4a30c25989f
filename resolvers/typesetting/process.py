"""The process that typesets: it reads jobs from its standard input and writes what they become to its output.

It is started by its path, and knows nothing of the application. A job is a line of JSON, ``{"timestamp": …, "sizes":
{"main.typ": …}}``, followed by the files that it names. The answer is its outcome, one byte, whether it is the last,
one byte, its length, eight bytes, and the PDF, or the message of what failed.
"""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any, BinaryIO

import typst

MADE, FAILED = b"\x00", b"\x01"
FONTS = Path(__file__).with_name("fonts")
STANDARDS = ["a-3a"]
# Where Linux tells how many pages of memory a process has.
_PAGES = Path("/proc/self/statm")


def compiler() -> Any:
    """Return a compiler that has the shipped fonts and no others, no folder to read and no package to load."""
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
    nothing = FONTS / "nothing"
    return typst.Compiler(font_paths=fonts, root=FONTS, package_path=nothing, package_cache_path=nothing)


def pdf(made_by: Any, files: dict[str, bytes], timestamp: int) -> bytes:
    """Return the PDF of some files, of which ``main.typ`` is the first. Raises typst.TypstError."""
    made: bytes = made_by.compile(input=files, format="pdf", pdf_standards=STANDARDS, timestamp=timestamp)
    return made


def taken() -> int:
    """Return how many bytes of memory the process has; where that is not told, how many it has had."""
    if _PAGES.exists():
        return int(_PAGES.read_bytes().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _answer(to: BinaryIO, outcome: bytes, body: bytes, *, last: bool) -> None:
    to.write(outcome + bytes([last]) + len(body).to_bytes(8, "big") + body)
    to.flush()


def allow_seconds(seconds: int) -> None:
    """Let the process run for so many seconds more, of the time of a core; then the system ends it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + seconds + 1, hard))


def main(most: int, seconds: int) -> None:
    """Answer jobs until the input ends, or much of the memory that the process may take, ``most`` bytes, is taken: the
    library keeps what it laid out for a while. A job may take so many ``seconds`` of a core."""
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What a library prints must not be taken for an answer.
    jobs, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    made_by = compiler()
    while line := jobs.readline():
        job = json.loads(line)
        files = {name: jobs.read(size) for name, size in job["sizes"].items()}
        allow_seconds(seconds)
        try:
            outcome, body = MADE, pdf(made_by, files, job["timestamp"])
        except RuntimeError as error:  # what Typst refuses
            outcome, body = FAILED, str(error).encode()
        last = taken() > most // 3
        _answer(answers, outcome, body, last=last)
        if last:
            break


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
