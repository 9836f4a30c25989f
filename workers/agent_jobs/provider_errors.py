"""What a provider says when it gives no answer: its status and words, logged for an operator and cut for a person."""

from http import HTTPStatus
from typing import Any

import structlog
from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError

from workers.agent_jobs.providers import Provider
from workers.agent_jobs.transport import UnreadError

# How much of a body is logged, and of the provider's message shown.
_LOGGED, _SHOWN = 500, 200
# What is said with these is about the workers' key, and not for whoever queues jobs.
_OF_THE_KEY = (401, 403)

log = structlog.get_logger(__name__)


def why(error: ModelAPIError, provider: Provider | None, job: str) -> str:
    """Return why a model did not answer, for a person. Logs what the provider sent."""
    status, body = status_of(error), error.body if isinstance(error, ModelHTTPError) else None
    if status is None:
        unread = _unread(error)
        if unread is not None:
            return f"The provider's answer is not read: {unread}."
        return "The provider could not be reached, or gave no answer that can be read."
    log.warning("agent.provider_refused", job=job, status=status, body=start_of(str(body), provider, _LOGGED))
    said = "" if status in _OF_THE_KEY else start_of(_message(body), provider, _SHOWN)
    return f"The provider answered with {status}: {said}" if said else f"The provider answered with {status}."


def status_of(error: ModelAPIError) -> int | None:
    """Return the status with which a provider refused a call; None where it did not. A redirect, which nobody follows,
    is one that the library has as the cause alone."""
    if isinstance(error, ModelHTTPError):
        return error.status_code
    status = getattr(error.__cause__, "status_code", None)
    return status if isinstance(status, int) and status >= HTTPStatus.MULTIPLE_CHOICES else None


def _unread(error: BaseException | None) -> UnreadError | None:
    """Return why an answer that came was not read, which libraries have wrapped."""
    while error is not None and not isinstance(error, UnreadError):
        error = error.__cause__
    return error


def _message(body: Any) -> str:
    """Return the message of an error's body, which holds the error or is it; an empty text where there is none."""
    inner = body.get("error", body) if isinstance(body, dict) else None
    message = inner.get("message") if isinstance(inner, dict) else None
    return message if isinstance(message, str) else ""


def start_of(text: str, provider: Provider | None, most: int) -> str:
    """Return the start of a text of the provider, without the key, and without halves of characters."""
    hidden = text if provider is None else provider.without_key(text)
    return hidden[:most].encode(errors="replace").decode()
