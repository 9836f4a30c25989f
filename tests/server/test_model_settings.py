"""The settings of providers of models."""

import pytest

from server.errors import SettingsError
from server.settings import Settings, load
from tests.support.settings import NEEDED


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_there_are_none_unless_they_are_set() -> None:
    settings = load(Settings)
    assert (settings.openai_api_key, settings.openai_base_url, settings.anthropic_api_key) == (None, None, None)


def test_the_server_of_models_is_a_url(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1")
    assert load(Settings).openai_base_url == "http://127.0.0.1:11434/v1"
    environment.setenv("OPENAI_BASE_URL", "models.example")
    with pytest.raises(SettingsError) as refused:
        load(Settings)
    assert str(refused.value) == "OPENAI_BASE_URL is malformed: must be a URL such as https://models.example/v1"


def test_no_key_is_in_a_representation(environment: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        environment.setenv(name, "sk-pa55word")
    settings = load(Settings)
    assert settings.openai_api_key == settings.anthropic_api_key == "sk-pa55word"
    assert "pa55word" not in repr(settings) + str(settings)
