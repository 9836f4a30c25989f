"""Models of Anthropic."""

import httpx2
from anthropic import AsyncAnthropic
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from workers.agent_jobs.providers import Provider

# Said here, so that the environment says nothing else.
BASE_URL = "https://api.anthropic.com"


def model(name: str, provider: Provider, http: httpx2.AsyncClient) -> Model:
    """Return a model by the provider's name of it. It is asked once: the job's attempts are its retries."""
    url = provider.base_url or BASE_URL
    client = AsyncAnthropic(api_key=provider.api_key, base_url=url, max_retries=0, http_client=http)
    return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=client))
