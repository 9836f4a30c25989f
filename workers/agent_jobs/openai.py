"""Models of OpenAI, and of servers that speak its chat completions."""

import httpx2
from openai import AsyncOpenAI
from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from workers.agent_jobs.providers import Provider

# Said here, so that the environment says nothing else.
BASE_URL = "https://api.openai.com/v1"


def model(name: str, provider: Provider, http: httpx2.AsyncClient) -> Model:
    """Return a model by the provider's name of it. It is asked once: the job's attempts are its retries."""
    url = provider.base_url or BASE_URL
    client = AsyncOpenAI(api_key=provider.api_key, base_url=url, max_retries=0, http_client=http)
    return OpenAIChatModel(name, provider=OpenAIProvider(openai_client=client))
