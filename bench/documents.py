"""`python -m bench.documents`: what a PDF takes in a process of its own, and what it would take in a thread."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from uuid import UUID

import psutil

from resolvers.invoices.pdf.document import DocumentLine, DocumentParty, DocumentTax, InvoiceDocument
from resolvers.invoices.pdf.render import files_of
from resolvers.typesetting import process
from resolvers.typesetting.typesetter import Typesetter

AT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
ORG = UUID(int=1)
SHORT, LONG, TIMES = 5, 1_000, {5: 200, 1_000: 10}
MEBIBYTE, TICK_S = 1024 * 1024, 0.001

Make = Callable[[dict[str, bytes]], Awaitable[bytes]]


def document(lines: int, serial: int = 0) -> InvoiceDocument:
    """An invoice of so many lines, none of which is on one of another number: Typst keeps what it laid out."""
    amount, rate = 12_345, Decimal(19)
    net, tax = lines * amount, round(lines * amount * rate / 100)
    return InvoiceDocument(
        "invoice_1", f"2026-{serial:06}", "OPEN", AT, AT, AT + timedelta(days=14), None, "EUR",
        DocumentParty("Studio", ("1 Street", "City")), DocumentParty("Client", ("2 Street", "City")),
        tuple(DocumentLine(f"Item number {serial}.{n}", Decimal(1), amount, rate, amount) for n in range(lines)),
        net, 0, (DocumentTax(rate, net, tax),), tax, net + tax, 0, net + tax, "Europe/Berlin",
    )  # fmt: skip


async def _times(make: Make, lines: int) -> tuple[float, float]:
    """The median time of a document and the longest time for which the loop stood still, in milliseconds."""
    took, still = [], 0.0
    done = asyncio.Event()

    async def watch() -> None:
        nonlocal still
        while not done.is_set():
            before = time.perf_counter()
            await asyncio.sleep(TICK_S)
            still = max(still, time.perf_counter() - before - TICK_S)

    watching = asyncio.create_task(watch())
    for serial in range(1, TIMES[lines] + 1):
        made = document(lines, serial)
        started = time.perf_counter()
        await make(await asyncio.to_thread(files_of, made))
        took.append(time.perf_counter() - started)
    done.set()
    await watching
    return statistics.median(took) * 1000, still * 1000


def _memory(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss) / MEBIBYTE


async def _row(name: str, make: Make, pid: Callable[[], int]) -> str:
    started = time.perf_counter()
    await make(files_of(document(SHORT)))
    first, memory = (time.perf_counter() - started) * 1000, _memory(pid())
    short, still_short = await _times(make, SHORT)
    long, still_long = await _times(make, LONG)
    figures = (first, short, long, still_short, still_long, memory, _memory(pid()))
    return f"| {name} | {' | '.join(f'{figure:.1f}' for figure in figures)} |"


async def main() -> None:
    """Print both rows."""
    typesetter = Typesetter()

    def pid() -> int:
        assert typesetter.process is not None
        return typesetter.process.pid

    compiler = cache(process.compiler)

    async def apart(files: dict[str, bytes]) -> bytes:
        return await typesetter.pdf(ORG, files, AT)

    async def in_thread(files: dict[str, bytes]) -> bytes:
        return await asyncio.to_thread(process.pdf, compiler(), files, int(AT.timestamp()))

    heads = (
        "",
        "first, ms",
        "5 lines, ms",
        "1,000 lines, ms",
        "loop still, 5",
        "loop still, 1,000",
        "MiB at first",
        "MiB",
    )
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    print(await _row("process", apart, pid))
    await typesetter.close()
    before = _memory(psutil.Process().pid)
    print(await _row(f"thread, with the {before:.0f} MiB of this process", in_thread, lambda: psutil.Process().pid))


if __name__ == "__main__":
    asyncio.run(main())
