"""The body of `worker`."""

import argparse
from collections.abc import Mapping
from datetime import timedelta

import uvloop

from models.jobs import JobQueue
from resolvers.jobs.retention import Retention
from server.cli.migrated import is_database_migrated
from server.database.migrated import NOT_MIGRATED
from server.errors import CommandError, WrongCall
from server.http.ports import require_free_port
from server.monitoring import logs
from server.monitoring.job_metrics import JobMetrics, exposed
from server.monitoring.metrics import NO_SPANS
from server.settings import Settings, load
from server.wiring import running, tracing_of
from workers.agent_jobs.providers import Providers
from workers.main import run as work

MAX_SLOTS = 1000


def worker(arguments: argparse.Namespace) -> int:
    """Run a worker, of all queues or of some, until a signal ends it. Raises WrongCall for a queue that there is
    not."""
    named = None if arguments.queues is None else queues_of(arguments.queues)
    settings = load(Settings)
    queues = None if named is None else slots_of(named, settings.worker_slots)
    logs.configure(settings.log_level, settings.log_format)
    if settings.worker_metrics_port is not None:
        require_free_port(settings.host, settings.worker_metrics_port, "WORKER_METRICS_PORT")
    if not is_database_migrated(settings):
        raise CommandError(NOT_MIGRATED)
    metrics, tracing = JobMetrics(), tracing_of(settings, "worker")
    dropped = NO_SPANS if tracing is None else tracing.losses.counts

    async def whole() -> None:
        async with running(settings, tracing=tracing) as runtime, exposed(metrics, runtime, settings, dropped):
            await work(
                runtime,
                settings.redis_url,
                slots=settings.worker_slots,
                queues=queues,
                note=metrics.note,
                sweep_seconds=settings.sweep_seconds,
                lease_seconds=settings.lease_seconds,
                heartbeat_seconds=settings.heartbeat_seconds,
                grace_seconds=settings.worker_grace_seconds,
                retention=Retention(
                    timedelta(hours=settings.retention_idempotency_hours),
                    timedelta(days=settings.retention_jobs_days),
                    timedelta(days=settings.retention_events_days),
                    timedelta(days=settings.retention_spam_days),
                    timedelta(days=settings.retention_reports_days),
                ),
                providers=Providers(settings.openai_api_key, settings.openai_base_url, settings.anthropic_api_key),
            )

    uvloop.run(whole())
    return 0


def queues_of(text: str) -> dict[JobQueue, int | None]:
    """Return the queues that a text names, with the slots that it gives them: `webhooks=32,timers`. Raises
    WrongCall."""
    found: dict[JobQueue, int | None] = {}
    for part in text.split(","):
        name, given, number = (each.strip() for each in part.partition("="))
        if any(" " in each for each in (name, number)):
            raise WrongCall(f"--queues: a comma is missing in {part.strip()!r}")
        queue = next((each for each in JobQueue if each == name), None)
        if queue is None:
            raise WrongCall(f"--queues: there is no queue {name!r}, only {', '.join(JobQueue)}")
        if queue in found:
            raise WrongCall(f"--queues: {name} is named twice")
        if given and not (number.isascii() and number.isdigit() and 0 < int(number[:5]) <= MAX_SLOTS):
            raise WrongCall(f"--queues: the slots of {name} must be a number from 1 to {MAX_SLOTS}")
        found[queue] = int(number) if given else None
    return found


def slots_of(named: Mapping[JobQueue, int | None], worker_slots: int) -> dict[str, int]:
    """Return the slots of each queue: those that it is given, or its share of so many."""
    return {queue.value: queue.slots(worker_slots) if slots is None else slots for queue, slots in named.items()}
