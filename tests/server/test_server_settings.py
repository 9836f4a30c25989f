"""Settings: defaults, each malformed value as one line that names its variable, and no secret shown."""

from ipaddress import ip_network
from pathlib import Path
from typing import get_args

import pytest

from resolvers.keyring import Keyring
from server.errors import SettingsError
from server.settings import LocalSettings, MigrationSettings, Settings, SigningSettings, load
from tests.support.settings import KEY, NEEDED, OTHER

NO_NETWORK = "must be a network or an address, such as 10.0.0.0/8 or ::1"
NO_SEGMENT = "must be a segment of a path: letters, digits, hyphens and underscores"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def refusal(model: type[Settings | LocalSettings | MigrationSettings] = Settings) -> str:
    with pytest.raises(SettingsError) as refused:
        load(model)
    return str(refused.value)


def test_defaults_of_production() -> None:
    settings = load(Settings)
    assert (settings.host, settings.port, settings.environment) == ("127.0.0.1", 8000, "production")
    assert settings.counterfoil_data == Path(".counterfoil")
    assert (settings.introspection, settings.graphiql, settings.suggestions) == (False, False, False)
    assert settings.webhook_parents == ("integrations", "settings", "org-settings")
    assert (settings.cors_origins, settings.trusted_proxies) == ((), ())
    assert settings.migration_database_url is None


def test_development_opens_what_is_not_set(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ENVIRONMENT", "development")
    environment.setenv("GRAPHIQL", "false")
    settings = load(Settings)
    assert (settings.introspection, settings.graphiql, settings.suggestions) == (True, False, True)


def test_lists_and_networks(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CORS_ORIGINS", "https://a.example, https://b.example")
    environment.setenv("TRUSTED_PROXIES", "10.0.0.0/8,::1")
    settings = load(Settings)
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://a.example",
        "http://localhost:3000",
        "http://127.0.0.1:8080",
        "http://[::1]:3000",
        "https://xn--bcher-kva.example",
        "http://a.example:443",
        "https://my_app.a-b.example",
        "capacitor://localhost",
        "chrome-extension://abcdefghijklmnop",
    ],
)
def test_what_browsers_send_is_an_origin(origin: str, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CORS_ORIGINS", f" {origin} ,")
    assert load(Settings).cors_origins == (origin,)


def test_the_highest_version_writes() -> None:
    ring = load(Settings).secret_keys
    assert ring.keys == {1: bytes(32), 3: bytes(range(32))}
    assert ring.current == (3, bytes(range(32)))


def test_signing_keys_may_be_left_out(environment: pytest.MonkeyPatch) -> None:
    assert load(Settings).signing_keys is None
    environment.setenv("SIGNING_KEYS", f"1:{OTHER},2:{KEY}")
    ring = load(Settings).signing_keys
    assert ring is not None
    assert ring.current == (2, bytes(range(32)))
    assert KEY not in repr(load(Settings))
    assert load(SigningSettings).signing_keys == ring
    environment.setenv("SIGNING_KEYS", "1:AAAA")
    assert refusal() == "SIGNING_KEYS is malformed: entry 1 must be 32 bytes, not 3"


def test_no_secret_in_a_representation() -> None:
    settings = load(Settings)
    shown = repr(settings) + str(settings)
    assert "pa55word" not in shown
    assert KEY not in shown
    assert repr(settings.secret_keys) == "<keys 1, 3>"
    assert repr(Keyring({7: b"secret"})) == "<keys 7>"


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_one_is_one_line(name: str, environment: pytest.MonkeyPatch) -> None:
    environment.delenv(name)
    description = Settings.model_fields[name.lower()].description
    assert refusal() == f"{name} is missing: {description}"


def test_an_empty_one_is_missing(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("REDIS_URL", "")
    assert refusal() == "REDIS_URL is missing: Redis 6.2+ or Valkey"


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("PORT", "eighty", "must be a whole number"),
        ("PORT", "80.5", "must be a whole number"),
        ("PORT", "9" * 5_000, "must be a whole number"),
        ("PORT", "70000", "must be at most 65535"),
        ("LOG_FORMAT", "xml", "must be `json` or `console`"),
        ("LOG_LEVEL", "loud", "must be `DEBUG`, `INFO`, `WARNING` or `ERROR`"),
        ("SERVER_TIMING", "perhaps", "must be `true` or `false`"),
        ("REQUEST_TIMEOUT_S", "soon", "must be a number"),
        ("REQUEST_TIMEOUT_S", "inf", "must be a number"),
        ("REQUEST_TIMEOUT_S", "nan", "must be a number"),
        ("REQUEST_TIMEOUT_S", "0", "must be more than 0"),
        ("BODY_LIMIT_BYTES", "1023", "must be at least 1024"),
        ("METRICS_TOKEN", "x" * 15, "must have at least 16 characters"),
        ("DATABASE_URL", "mysql://x", "must be a URL such as postgresql://user:password@host:5432/database"),
        (
            "DATABASE_URL",
            "postgresql://h:port/x",
            "must be a URL such as postgresql://user:password@host:5432/database",
        ),
        (
            "DATABASE_URL",
            "postgresql://h/x?sslmode=never",
            "its option sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full",
        ),
        (
            "DATABASE_URL",
            "postgresql://h/x?target_session_attrs=best",
            "its option target_session_attrs must be one of"
            " any, primary, standby, prefer-standby, read-write, read-only",
        ),
        ("REDIS_URL", "localhost", "must be a URL such as redis://:password@host:6379/0"),
        *(
            (
                "CORS_ORIGINS",
                value,
                f"entry {number} must be an origin as browsers send it, such as https://app.example or"
                " http://localhost:3000: in lower case, without a path and without the scheme's own port",
            )
            for number, value in (
                (1, "foo"),
                (1, "https://a.example/"),
                (2, "https://a.example,https://b.example/x"),
                (1, "https://"),
                (1, "https:a.example"),
                (1, "//a.example"),
                (1, "a.example"),
                (1, "null"),
                (1, "file://"),
                (1, "https://a.example?x"),
                (1, "https://a.example#x"),
                (1, "https://user:pa55word@a.example"),
                (1, "https://a.example:0"),
                (1, "https://a.example:65536"),
                (1, "https://a.example:"),
                (1, "https://a.example:x"),
                (1, "https://a.example:443"),
                (1, "http://a.example:80"),
                (1, "https://a.example:0443"),
                (1, "https://*.example"),
                (1, "https://A.example"),
                (1, "HTTPS://a.example"),
                (1, "https://bücher.example"),
                (1, "https://a example"),
                (1, "https://a.example https://b.example"),
                (1, "https://[::1"),
                (1, "https://[::g]"),
                (1, "https://a..example"),
                (1, '"https://a.example"'),
                (1, '["https://a.example"]'),
            )
        ),
        ("CORS_ORIGINS", "*,https://a.example", "`*` means every origin and must be the only entry"),
        ("CORS_ORIGINS", "https://a.example, *", "`*` means every origin and must be the only entry"),
        ("TRUSTED_PROXIES", "everyone", f"entry 1 {NO_NETWORK}"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,10.0.0.0/33", f"entry 2 {NO_NETWORK}"),
        *(
            ("WEBHOOK_PARENTS", value, f"entry {number} {NO_SEGMENT}")
            for number, value in ((1, "a/b"), (2, "hooks, {id}"), (1, "a b"), (1, ".."), (1, "a%2Fb"), (1, "größe"))
        ),
        ("WEBHOOK_PARENTS", "hooks,crm,hooks", "entry 3 is given twice"),
        ("WEBHOOK_PARENTS", "hooks,clients", "entry 2 would hide the route /api/v1/clients/{publicId}"),
        ("WEBHOOK_PARENTS", "webhooks", "entry 1 would hide the route /api/v1/webhooks/{publicId}"),
        ("WEBHOOK_PARENTS", "api-keys", "entry 1 would hide the route /api/v1/api-keys/{publicId}"),
        ("KEY_PEPPERS", KEY, "entry 1 must begin with a version from 1 to 32767 and a colon"),
        ("KEY_PEPPERS", f"0:{KEY}", "entry 1 must begin with a version from 1 to 32767 and a colon"),
        ("KEY_PEPPERS", f"1:{KEY},2:%%", "entry 2 is not valid base64"),
        ("KEY_PEPPERS", "1:AAAA", "entry 1 must be 32 bytes, not 3"),
        ("KEY_PEPPERS", f"1:{KEY},1:{KEY}", "version 1 is given twice"),
        ("KEY_PEPPERS", ",", "at least one key is needed"),
    ],
)
def test_a_malformed_one_is_one_line(name: str, value: str, problem: str, environment: pytest.MonkeyPatch) -> None:
    environment.setenv(name, value)
    assert refusal() == f"{name} is malformed: {problem}"


def test_settings_that_contradict_each_other(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("POOL_MIN", "11")
    assert refusal() == "POOL_MIN must not be greater than POOL_MAX"
    environment.setenv("POOL_MIN", "1")
    environment.setenv("HEARTBEAT_SECONDS", "30")
    assert refusal() == "HEARTBEAT_SECONDS must be at most half of LEASE_SECONDS"


def test_each_problem_has_its_line(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PORT", "0")
    environment.delenv("REDIS_URL")
    assert refusal().splitlines() == [
        "PORT is malformed: must be at least 1",
        "REDIS_URL is missing: Redis 6.2+ or Valkey",
    ]


def test_parents_of_ones_own_take_the_places_of_the_default(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("WEBHOOK_PARENTS", "crm, My_Hooks-2")
    assert load(Settings).webhook_parents == ("crm", "My_Hooks-2")
    environment.setenv("WEBHOOK_PARENTS", ",")
    assert load(Settings).webhook_parents == ()


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_one_address_may_not_hold_all(environment: pytest.MonkeyPatch) -> None:
    expected = "ADDRESS_CONNECTIONS must be less than LIMIT_CONCURRENCY: one address could take it all"
    environment.setenv("LIMIT_CONCURRENCY", "250")
    assert refusal() == expected
    environment.setenv("ADDRESS_CONNECTIONS", "249")
    assert (load(Settings).limit_concurrency, load(Settings).address_connections) == (250, 249)
    environment.setenv("ADDRESS_CONNECTIONS", "1000")
    environment.setenv("LIMIT_CONCURRENCY", "1000")
    assert refusal() == expected


def test_each_word_that_a_setting_takes_is_in_its_description() -> None:
    chosen = {name: get_args(field.annotation) for name, field in Settings.model_fields.items()}
    words = {name: [each for each in given if isinstance(each, str)] for name, given in chosen.items()}
    assert {name for name, each in words.items() if each} == {"environment", "log_level", "log_format"}
    for name, each in words.items():
        assert [word for word in each if f"`{word}`" not in str(Settings.model_fields[name].description)] == []
