"""A worker process: its runner and the sources of its jobs, until a signal ends it."""

import asyncio
import signal
from collections.abc import Mapping

import structlog

from models.jobs import JobFunction, JobQueue
from resolvers.database.runtime import Runtime
from resolvers.jobs.retention import Retention
from workers.agent_jobs import handler as agents
from workers.agent_jobs.providers import Providers
from workers.audit import exports, seals
from workers.jobs import timers
from workers.jobs.leases import Note, unnoted
from workers.jobs.runner import Runner
from workers.jobs.sweep import FIRST_PURGE_S, purge_expired, sweep
from workers.jobs.wake import listen, passed_on, passing_on
from workers.live.announcing import Announcer
from workers.reports import compute
from workers.webhooks import deliver
from workers.webhooks.addresses import Addresses
from workers.webhooks.connections import Connections
from workers.webhooks.http import Sender

RETENTION = Retention()
NO_PROVIDERS = Providers()

log = structlog.get_logger(__name__)


async def run(
    runtime: Runtime,
    redis_url: str,
    *,
    slots: int = 16,
    queues: Mapping[str, int] | None = None,
    sweep_seconds: float = 5.0,
    lease_seconds: float = 45.0,
    heartbeat_seconds: float = 15.0,
    grace_seconds: float = 5.0,
    first_purge_seconds: float = FIRST_PURGE_S,
    retention: Retention = RETENTION,
    stop: asyncio.Event | None = None,
    sender: Sender | None = None,
    providers: Providers = NO_PROVIDERS,
    note: Note = unnoted,
) -> None:
    """Run jobs until SIGTERM or SIGINT, or until ``stop`` is set. Jobs that do not end within the grace are given back.

    ``queues`` are those whose jobs it runs, each with how many run at once, without deliveries that wait for their
    receivers: all of them, with their shares of ``slots``, where it is None. Heartbeats, sweeps, exports and reports
    use the runtime's side pool, which needs five connections. ``sender`` replaces the one that the runtime's settings
    define. ``note`` is called after each attempt, and ``providers`` are those that agents' models may be of.
    """
    runtime.outages.logs = True
    ending = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = () if stop else (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, ending.set)
    private, connections = runtime.webhook_allow_private, Connections()
    chosen_sender = sender or Sender(Addresses(private), private, connections=connections)
    handlers = {
        JobFunction.WEBHOOK_DELIVERY: deliver.handler(chosen_sender, runtime.tracing),
        JobFunction.AUDIT_SEAL: seals.HANDLER,
        JobFunction.AGENT: agents.handler(providers),
        JobFunction.AUDIT_EXPORT: exports.HANDLER,
        JobFunction.REPORT: compute.HANDLER,
        **timers.HANDLERS,
    }
    # Jobs of a queue without a handler are left to workers that have one.
    served = {function.queue for function in handlers}
    every: Mapping[str, int] = {queue: queue.slots(slots) for queue in JobQueue if queue in served}
    chosen = every if queues is None else queues
    seconds = {"lease_seconds": lease_seconds, "heartbeat_seconds": heartbeat_seconds}
    runner = Runner(runtime, handlers, chosen, note=note, **seconds)
    sources = [
        loop.create_task(work)
        for work in (
            sweep(runner, sweep_seconds),
            runner.look_up(),
            listen(runner, redis_url),
            *(listen(runner, redis_url, passed_on(queue)) for queue in chosen),
            purge_expired(runtime, retention, first_seconds=first_purge_seconds),
        )
    ]
    announcer = Announcer(redis_url)
    runtime.announce = announcer.announce
    heartbeat = loop.create_task(runner.leases.heartbeat())
    ended = loop.create_task(ending.wait())
    log.info("worker.started", slots={str(name): number for name, number in chosen.items()})
    try:
        async with passing_on(runner, redis_url):
            done, _ = await asyncio.wait([ended, heartbeat, *sources], return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancel(*sources)
        # Leases are extended until the last job is given back.
        await runner.stop(grace_seconds)
        connections.close()
        await announcer.close()
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
