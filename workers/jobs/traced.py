"""The spans of the attempts of jobs. Their attributes are IDs, names of ours, codes and numbers, and nobody's data."""

from models.jobs import JOB, JobQueue, JobState
from models.typeid import encode
from resolvers.jobs.claims import Claim
from resolvers.tracing import Attributes, Span, Tracing

SYSTEM = "counterfoil"
# What is due later, or queues itself again: within the trace that queued it a trace would have no end.
_APART = (JobQueue.TIMERS, JobQueue.AUDIT)


def begin_job(tracing: Tracing, claim: Claim) -> Span:
    """Begin the span of an attempt of a job, in the trace that queued it; that of a timer or a seal is linked to it."""
    queue = claim.function.queue
    attributes: Attributes = {
        "messaging.system": SYSTEM,
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": queue.value,
        "messaging.message.id": encode(JOB.prefix, claim.id),
        "counterfoil.job.function": claim.function.value,
        "counterfoil.job.attempt": claim.attempt,
    }
    origin = None if claim.traceparent is None else {"traceparent": claim.traceparent}
    linked = queue in _APART
    return tracing.begin(f"process {queue.value}", "consumer", attributes, origin=origin, linked=linked)


def end_job(span: Span, claim: Claim) -> None:
    """End the span of an attempt with the state that its job has now, LOST where another worker has it."""
    outcome = claim.ended[-1].value if claim.ended else "LOST"
    span.note({"counterfoil.job.outcome": outcome})
    if outcome in (JobState.FAILED, "LOST"):
        span.fail(outcome)
    span.end()
