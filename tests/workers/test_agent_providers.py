"""Providers of models: what each needs, and that nothing of them is loaded before a job needs it."""

import subprocess
import sys

import pytest

from models.agent_jobs import AgentErrorCode
from resolvers.agents.budgets import Price, Stopped
from tests.support.repository import ROOT
from workers.agents.providers import Provider, Providers

KEY, URL = "sk-1", "http://127.0.0.1:1/v1"
# What takes seconds to import, and megabytes.
HEAVY = ("anthropic", "httpx2", "openai", "pydantic_ai")
_LOADED = f"import sys, workers.main; print(*sorted({{*{HEAVY!r}}} & {{*sys.modules}}))"


@pytest.mark.parametrize(
    ("providers", "model", "expected"),
    [
        (Providers(), "test", None),
        (Providers(openai_api_key=KEY), "openai:gpt-5", Provider("workers.agents.openai", KEY)),
        (Providers(openai_base_url=URL), "openai:gpt-5", Provider("workers.agents.openai", "none", URL)),
        (Providers(anthropic_api_key=KEY), "anthropic:claude", Provider("workers.agents.anthropic", KEY)),
    ],
)
def test_a_model_has_its_provider(providers: Providers, model: str, expected: Provider | None) -> None:
    assert providers.of(model) == expected


@pytest.mark.parametrize(
    ("providers", "model"),
    [
        (Providers(), "openai:gpt-5"),
        (Providers(anthropic_api_key=KEY), "openai:gpt-5"),
        (Providers(openai_api_key=KEY), "anthropic:claude"),
    ],
)
def test_without_a_key_it_is_not_configured(providers: Providers, model: str) -> None:
    with pytest.raises(Stopped) as stopped:
        providers.of(model)
    assert stopped.value.code is AgentErrorCode.PROVIDER_NOT_CONFIGURED


def test_a_key_is_never_shown() -> None:
    providers = Providers(openai_api_key=KEY, anthropic_api_key=KEY)
    assert KEY not in repr(providers) + repr(providers.of("openai:gpt-5"))


def test_a_worker_loads_no_library_of_models_at_its_start() -> None:
    command = [sys.executable, "-c", _LOADED]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300, check=True)
    assert found.stdout.strip() == ""


def test_a_price_is_rounded_up_and_tells_what_is_affordable() -> None:
    price = Price(input=1_500_000, output=6_000_000)
    assert (price.of(1, 0), price.of(100, 10), Price().of(5, 5)) == (2, 210, 0)
    assert (price.affordable(210, 100), price.affordable(149, 100)) == (10, -1)
    assert (Price().affordable(0, 100), Price(input=1_000_000).affordable(99, 100)) == (None, -1)
    for amount in range(150, 400):
        tokens = price.affordable(amount, 100)
        assert tokens is not None
        assert price.of(100, tokens) <= amount < price.of(100, tokens + 1)
