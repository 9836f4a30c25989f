"""A worker process: its runner and the sources of its jobs, until a signal ends it."""

import asyncio
import signal

import structlog

from models.jobs import JobFunction
from resolvers.agents.jobs import QUEUE as AGENTS
from resolvers.audit.exports import QUEUE as EXPORTS
from resolvers.database.runtime import Runtime
from resolvers.jobs.retention import Retention
from resolvers.jobs.timers import QUEUE as TIMERS
from workers import audit_export, deliver, seal, timers
from workers.address import Addresses
from workers.agents import handler as agents
from workers.agents.providers import Providers
from workers.http import Sender
from workers.runner import Runner
from workers.sweep import FIRST_PURGE_S, purge_expired, sweep
from workers.wake import listen

RETENTION = Retention()
NO_PROVIDERS = Providers()

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
    first_purge_seconds: float = FIRST_PURGE_S,
    retention: Retention = RETENTION,
    stop: asyncio.Event | None = None,
    sender: Sender | None = None,
    providers: Providers = NO_PROVIDERS,
) -> None:
    """Run jobs until SIGTERM or SIGINT, or until ``stop`` is set. Jobs that do not end within the grace are given back.

    ``slots`` is the number of deliveries that run at once, without those that wait for their receivers; seals and
    timers have an eighth as many each, agents a quarter, without those that wait for a model, and exports one.
    Heartbeats, sweeps and exports use the runtime's side pool,
    which needs three connections. ``sender`` replaces the one that the runtime's settings define;
    ``providers`` are those that agents' models may be of.
    """
    runtime.outages.logs = True
    ending = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = () if stop else (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, ending.set)
    addresses = Addresses(runtime.webhook_allow_private)
    handlers = {
        JobFunction.WEBHOOK_DELIVERY: deliver.handler(sender or Sender(addresses, runtime.webhook_allow_private)),
        JobFunction.AUDIT_SEAL: seal.HANDLER,
        JobFunction.AGENT: agents.handler(providers),
        JobFunction.AUDIT_EXPORT: audit_export.HANDLER,
        **timers.HANDLERS,
    }
    runner = Runner(
        runtime,
        handlers,
        # An export reads a whole log, on a connection of the side pool: one at a time.
        {
            "webhooks": slots,
            AGENTS: max(1, slots // 4),
            "audit": max(1, slots // 8),
            TIMERS: max(1, slots // 8),
            EXPORTS: 1,
        },
        lease_seconds=lease_seconds,
        heartbeat_seconds=heartbeat_seconds,
    )
    sources = [
        loop.create_task(work)
        for work in (
            sweep(runner, sweep_seconds),
            runner.look_up(),
            listen(runner, redis_url),
            purge_expired(runtime, retention, first_seconds=first_purge_seconds),
        )
    ]
    heartbeat = loop.create_task(runner.heartbeat())
    ended = loop.create_task(ending.wait())
    log.info("worker.started", slots=slots)
    try:
        done, _ = await asyncio.wait([ended, heartbeat, *sources], return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancel(*sources)
        # Leases are extended until the last job is given back.
        await runner.stop(grace_seconds)
        await _cancel(heartbeat, ended)
        for number in signals:
            loop.remove_signal_handler(number)
        log.info("worker.ended")
    for task in done:
        # No source ends by itself. If one fails, its error ends the worker.
        task.result()


async def _cancel(*tasks: "asyncio.Task[object]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
