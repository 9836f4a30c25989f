"""What the environment decides: every setting, its meaning, unit and default.

Each field is the environment variable of the same name in capitals. Secrets are left out of every representation
and of every error.
"""

from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from server.errors import SettingsError
from server.invalid_values import what_is_wrong
from server.settings_values import (
    HttpUrl,
    Keys,
    Networks,
    OptionalKeys,
    Origins,
    OtlpUrl,
    Parents,
    PostgresUrl,
    RedisUrl,
)

S = TypeVar("S", bound=BaseSettings)

# In the data folder: the API key of the demo organization.
KEY_FILE = "demo.key"

__all__ = ["KEY_FILE", "LocalSettings", "MigrationSettings", "Settings", "SigningSettings", "TracingSettings", "load"]


class LocalSettings(BaseSettings):
    """What a process needs to know before it has a database: where it listens, keeps data and how it logs."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, arbitrary_types_allowed=True, env_ignore_empty=True,
        allow_inf_nan=False,
    )  # fmt: skip

    counterfoil_data: Path = Field(
        Path(".counterfoil"), description="Folder of the embedded servers, the demo key and the development secrets"
    )
    environment: Literal["development", "production"] = Field(
        "production",
        description="`production`, or `development` to open introspection, GraphiQL and suggestions; `dev` sets it",
    )
    host: str = Field("127.0.0.1", min_length=1, description="Address that the API listens on")
    port: int = Field(8000, ge=1, le=65535, description="Port that the API listens on")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Lowest level that is logged: `DEBUG`, `INFO`, `WARNING` or `ERROR`"
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="`json` for one object a line, or `console` for text that a person reads"
    )


class MigrationSettings(LocalSettings):
    """What `counterfoil migrate` needs: the owner's URL, and the application's for the role that gets the grants."""

    database_url: PostgresUrl = Field(repr=False, description="PostgreSQL 15+, as the application's role")
    migration_database_url: PostgresUrl = Field(
        repr=False, description="The same database as the owner's role, for `migrate` and `dev`"
    )


_SIGNING = (
    "Ed25519 keys that sign the audit log's heads, in the same format; only `audit key`, `audit export` and a worker"
    " that answers `exportAuditLog` need them"
)


class SigningSettings(LocalSettings):
    """What `counterfoil audit key` needs."""

    signing_keys: Keys = Field(repr=False, description=_SIGNING)


class TracingSettings(LocalSettings):
    """OpenTelemetry's own variables, which its SDK reads itself, as far as a wrong value would lose the traces."""

    otel_exporter_otlp_endpoint: OtlpUrl | None = None
    otel_exporter_otlp_traces_endpoint: OtlpUrl | None = None
    otel_exporter_otlp_protocol: Literal["http/protobuf"] = "http/protobuf"
    otel_exporter_otlp_traces_protocol: Literal["http/protobuf"] = "http/protobuf"
    otel_exporter_otlp_timeout: float = Field(10, gt=0)
    otel_exporter_otlp_traces_timeout: float = Field(10, gt=0)
    otel_exporter_otlp_compression: Literal["none", "gzip", "deflate"] = "none"
    otel_exporter_otlp_traces_compression: Literal["none", "gzip", "deflate"] = "none"
    otel_traces_exporter: Literal["otlp"] = "otlp"
    otel_traces_sampler: Literal[
        "always_on", "always_off", "traceidratio",
        "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
    ] = "parentbased_always_on"  # fmt: skip
    otel_traces_sampler_arg: float = Field(1, ge=0, le=1)
    otel_bsp_max_queue_size: int = Field(2048, ge=1)
    otel_bsp_max_export_batch_size: int = Field(512, ge=1)
    otel_bsp_schedule_delay: float = Field(5000, gt=0)

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.otel_bsp_max_export_batch_size > self.otel_bsp_max_queue_size:
            raise ValueError("OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be greater than OTEL_BSP_MAX_QUEUE_SIZE")
        return self


class Settings(LocalSettings):
    """Everything that the API and the worker read."""

    database_url: PostgresUrl = Field(repr=False, description="PostgreSQL 15+, as the application's role")
    migration_database_url: PostgresUrl | None = Field(
        None, repr=False, description="The same database as the owner's role, for `migrate` and `dev`"
    )
    redis_url: RedisUrl = Field(repr=False, description="Redis 6.2+ or Valkey")

    key_peppers: Keys = Field(
        repr=False,
        description="Peppers of the stored API keys, and what access tokens are signed with:"
        " `version:base64 of 32 bytes`, comma-separated",
    )
    secret_keys: Keys = Field(repr=False, description="Keys that encrypt webhook secrets at rest, in the same format")
    seal_keys: Keys = Field(repr=False, description="Keys that seal the audit log, in the same format")
    signing_keys: OptionalKeys = Field(None, repr=False, description=_SIGNING)

    pool_min: int = Field(1, ge=0, le=1000, description="Database connections kept open by each process")
    pool_max: int = Field(10, ge=1, le=1000, description="Database connections at most for each process")
    pool_wait_ms: int = Field(1000, ge=1, description="Wait for a free connection before a 503, in milliseconds")
    statement_timeout_ms: int = Field(5000, ge=1, description="Longest SQL statement, in milliseconds")
    request_timeout_s: float = Field(10, gt=0, description="Longest work on a request, in seconds; its commit: 5 more")
    header_timeout_s: float = Field(5, gt=0, description="Longest wait for a request's head, in seconds")
    body_timeout_s: float = Field(10, gt=0, description="Longest wait for a request's body, in seconds")
    limit_concurrency: int = Field(1000, ge=1, description="Requests at work in one process before a 503")
    address_connections: int = Field(
        250, ge=1, description="Connections of one address (IPv6 by /64), or its requests behind `TRUSTED_PROXIES`"
    )
    body_limit_bytes: int = Field(262_144, ge=1024, description="Largest request body, in bytes")

    introspection: bool = Field(False, description="Whether introspection is answered (default: in development)")
    graphiql: bool = Field(False, description="Whether a browser gets GraphiQL (default: in development)")
    suggestions: bool = Field(False, description="Whether errors suggest names (default: in development)")
    server_timing: bool = Field(
        False, description="Adds the number of SQL statements in a `Server-Timing` header; `dev` sets it"
    )

    metrics_token: str | None = Field(
        None,
        min_length=16,
        repr=False,
        description="Bearer token that `/metrics` asks for, of at least 16 characters; without it there is none",
    )

    tracing: bool = Field(
        False,
        description="Whether requests, jobs and what they do are traced; OpenTelemetry's variables say where to",
    )
    worker_metrics_port: int | None = Field(
        None, ge=1, le=65535, description="Port on which a worker answers `/metrics`; needs `METRICS_TOKEN`"
    )
    cors_origins: Origins = Field(
        (),
        description="Origins that browsers may call from, such as `https://app.example`, comma-separated; `*` is every",
    )
    trusted_proxies: Networks = Field(
        (), description="Networks whose `X-Forwarded-For` is believed, comma-separated (CIDR)"
    )
    webhook_parents: Parents = Field(
        ("integrations", "settings", "org-settings"),
        validate_default=False,  # A test holds it against the routes, which take long to load.
        description="Parents that answer as `/api/v1/<parent>/webhooks` too, each a segment of a path, comma-separated",
    )
    webhook_allow_private: bool = Field(
        False, description="Whether webhooks may go to loopback and private networks (never metadata services)"
    )
    webhook_endpoint_limit: int = Field(
        20, ge=1, le=1000, description="Webhook endpoints that an organization may have, disabled ones included"
    )

    live_streams: int = Field(200, ge=1, description="Live streams that an organization may have in each process")
    rate_bucket: int = Field(100_000, ge=1, description="Cost that an organization may spend at once")
    rate_refill: int = Field(10_000, ge=1, description="Cost given back to an organization each second")
    cost_limit: int = Field(5000, ge=1, description="Highest cost of one GraphQL document")
    anonymous_bucket: int = Field(1_000, ge=1, description="What an address may ask without a key at once, as cost")
    anonymous_refill: int = Field(20, ge=1, description="Cost given back to an address each second")
    auth_failures_per_minute: int = Field(60, ge=1, description="Failed keys from one address before a 429")

    worker_slots: int = Field(
        16,
        ge=1,
        le=1000,
        description="Deliveries that one worker works on at once, while 16 times as many may wait for receivers; of"
        " seals and of timers an eighth as many",
    )
    sweep_seconds: float = Field(5, gt=0, description="Pause between sweeps for due jobs, in seconds")
    lease_seconds: float = Field(
        45, gt=0, description="Time after which a silent worker's job is taken over, in seconds"
    )
    heartbeat_seconds: float = Field(15, gt=0, description="Pause between a worker's signs of life, in seconds")
    worker_grace_seconds: float = Field(
        20,
        ge=0,
        le=3600,
        description="Time in which running jobs may end when a worker is stopped, before they are returned to the"
        " queue, in seconds",
    )
    openai_api_key: str | None = Field(None, min_length=1, repr=False, description="Key for agents' models `openai:…`")
    openai_base_url: HttpUrl | None = Field(
        None,
        description="Server of models `openai:…`, which speaks chat completions (default: OpenAI's own)",
    )
    anthropic_api_key: str | None = Field(
        None, min_length=1, repr=False, description="Key for agents' models `anthropic:…`"
    )
    retention_idempotency_hours: int = Field(24, ge=1, description="Life of an idempotency record, in hours")
    retention_jobs_days: int = Field(30, ge=1, description="Life of finished jobs and deliveries, in days")
    retention_events_days: int = Field(30, ge=1, description="Life of events, in days")
    retention_spam_days: int = Field(90, ge=1, description="Life of submissions that are spam, in days")
    retention_reports_days: int = Field(365, ge=1, description="Life of reports, in days")

    @model_validator(mode="before")
    @classmethod
    def _open_in_development(cls, values: dict[str, Any]) -> dict[str, Any]:
        development = values.get("environment") == "development"
        opened = dict.fromkeys(("introspection", "graphiql", "suggestions"), development)
        return opened | values

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.pool_min > self.pool_max:
            raise ValueError("POOL_MIN must not be greater than POOL_MAX")
        if self.address_connections > 1 and self.address_connections >= self.limit_concurrency:
            raise ValueError("ADDRESS_CONNECTIONS must be less than LIMIT_CONCURRENCY: one address could take it all")
        if self.worker_metrics_port is not None and self.metrics_token is None:
            raise ValueError("WORKER_METRICS_PORT needs METRICS_TOKEN")
        if self.heartbeat_seconds * 2 > self.lease_seconds:
            raise ValueError("HEARTBEAT_SECONDS must be at most half of LEASE_SECONDS")
        if self.tracing:
            load(TracingSettings)
        return self


def load(model: type[S], **given: Any) -> S:
    """Read the settings of a model from the environment; what is `given` goes before it.

    Raises SettingsError with one line for each variable that is missing or malformed.
    """
    try:
        return model(**given)
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False, include_input=False):
            name = str(problem["loc"][0]) if problem["loc"] else ""
            if not name:
                lines.append(what_is_wrong(problem))
            elif problem["type"] == "missing":
                lines.append(f"{name.upper()} is missing: {model.model_fields[name].description}")
            else:
                lines.append(f"{name.upper()} is malformed: {what_is_wrong(problem)}")
        raise SettingsError("\n".join(lines)) from None
