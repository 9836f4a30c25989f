"""One worker: its runner with its sources, until a signal ends it."""

import asyncio
import signal

import structlog

from models.jobs import JobKind
from resolvers.database.runtime import Runtime
from resolvers.jobs.retention import Retention
from workers import deliver, seal
from workers.address import Addresses
from workers.http import Sender
from workers.runner import Runner
from workers.sweep import FIRST_HOUSEKEEPING_S, keep_house, sweep
from workers.wake import listen

KEPT = Retention()

log = structlog.get_logger(__name__)


async def run(
    runtime: Runtime,
    redis_url: str,
    *,
    slots: int = 16,
    sweep_seconds: float = 5.0,
    lease_seconds: float = 45.0,
    heartbeat_seconds: float = 15.0,
    grace_seconds: float = 5.0,
    first_housekeeping_seconds: float = FIRST_HOUSEKEEPING_S,
    retention: Retention = KEPT,
    stop: asyncio.Event | None = None,
    sender: Sender | None = None,
) -> None:
    """Work until SIGTERM or SIGINT, or until ``stop`` where it is given; then finish what can be within the grace.

    The rest is given back. ``slots`` is how many deliveries are worked on at once, apart from those that wait for
    their receivers; an eighth as many seal. The runtime's side
    pool carries heartbeats and sweeps, so it needs two connections. Without ``sender`` deliveries go as the runtime
    allows.
    """
    runtime.outages.logs = True
    ending = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = () if stop else (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, ending.set)
    addresses = Addresses(runtime.webhook_allow_private)
    handlers = {
        JobKind.WEBHOOK_DELIVERY: deliver.handler(sender or Sender(addresses, runtime.webhook_allow_private)),
        JobKind.AUDIT_SEAL: seal.HANDLER,
    }
    runner = Runner(
        runtime,
        handlers,
        {"webhooks": slots, "audit": max(1, slots // 8)},
        lease_seconds=lease_seconds,
        heartbeat_seconds=heartbeat_seconds,
    )
    sources = [
        loop.create_task(work)
        for work in (
            sweep(runner, sweep_seconds),
            runner.look_up(),
            listen(runner, redis_url),
            keep_house(runtime, retention, first_seconds=first_housekeeping_seconds),
        )
    ]
    beat = loop.create_task(runner.beat())
    ended = loop.create_task(ending.wait())
    log.info("worker.started", slots=slots)
    try:
        done, _ = await asyncio.wait([ended, beat, *sources], return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancel(*sources)
        # The heart beats until the last job is given back.
        await runner.stop(grace_seconds)
        await _cancel(beat, ended)
        for number in signals:
            loop.remove_signal_handler(number)
        log.info("worker.ended")
    for task in done:
        # A source never ends by itself: its error is a fault, and ends the worker.
        task.result()


async def _cancel(*tasks: "asyncio.Task[object]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
