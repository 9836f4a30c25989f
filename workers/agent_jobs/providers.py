"""The providers of models that this worker has a key for."""

from dataclasses import dataclass, field

from models.agent_jobs_errors import AgentErrorCode
from models.agents import TEST_MODEL
from resolvers.agent_jobs.budgets import JobStopped

# Sent to a server that needs none.
_NO_KEY = "none"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider of models: ``module`` makes those that a job names."""

    module: str
    api_key: str = field(repr=False)
    base_url: str | None = None

    def without_key(self, text: str) -> str:
        """Return a text with the key left out."""
        return text if self.api_key == _NO_KEY else text.replace(self.api_key, "…")


@dataclass(frozen=True, slots=True)
class Providers:
    """What the worker's settings say of providers. An OpenAI-compatible server may need no key, but has an address."""

    openai_api_key: str | None = field(default=None, repr=False)
    openai_base_url: str | None = None
    anthropic_api_key: str | None = field(default=None, repr=False)

    def of(self, model: str) -> Provider | None:
        """Return the provider of a model; None where it needs none. Raises JobStopped PROVIDER_NOT_CONFIGURED."""
        name = model.partition(":")[0]
        if name == TEST_MODEL:
            return None
        if name == "openai" and (self.openai_api_key or self.openai_base_url):
            return Provider("workers.agent_jobs.openai", self.openai_api_key or _NO_KEY, self.openai_base_url)
        if name == "anthropic" and self.anthropic_api_key:
            return Provider("workers.agent_jobs.anthropic", self.anthropic_api_key)
        message = f"The workers have no key for {name}."
        raise JobStopped(AgentErrorCode.PROVIDER_NOT_CONFIGURED, message)
