"""Agent definitions with their versions, agent jobs with their steps, budgets; the jobs that run them."""

from alembic import op

from migrations.tables import forget, protect

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE agent_definitions (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    name VARCHAR(200) NOT NULL,
    model VARCHAR(100) NOT NULL,
    instructions VARCHAR(20000) NOT NULL,
    tools JSONB NOT NULL,
    input_schema JSONB,
    output_schema JSONB,
    max_steps INTEGER NOT NULL,
    max_tokens INTEGER NOT NULL,
    max_cost BIGINT NOT NULL,
    timeout_seconds INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    description VARCHAR(5000),
    status TEXT NOT NULL,
    CONSTRAINT agent_definitions_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT agent_definitions_status_check CHECK (status in ('DRAFT', 'ACTIVE', 'ARCHIVED')),
    CONSTRAINT agent_definitions_limits_check
        CHECK (max_steps >= 1 and max_tokens >= 1 and max_cost >= 0 and timeout_seconds >= 1 and max_attempts >= 1)
);
CREATE INDEX agent_definitions_name_idx ON agent_definitions (org_id, name_key, id);
CREATE INDEX agent_definitions_status_idx ON agent_definitions (org_id, status, id);
CREATE INDEX agent_definitions_updated_idx ON agent_definitions (org_id, updated_at, id);
CREATE TABLE agent_definition_versions (
    org_id UUID NOT NULL,
    name VARCHAR(200) NOT NULL,
    model VARCHAR(100) NOT NULL,
    instructions VARCHAR(20000) NOT NULL,
    tools JSONB NOT NULL,
    input_schema JSONB,
    output_schema JSONB,
    max_steps INTEGER NOT NULL,
    max_tokens INTEGER NOT NULL,
    max_cost BIGINT NOT NULL,
    timeout_seconds INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    definition_id UUID NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    CONSTRAINT agent_definition_versions_pkey PRIMARY KEY (org_id, definition_id, version),
    CONSTRAINT agent_definition_versions_limits_check
        CHECK (max_steps >= 1 and max_tokens >= 1 and max_cost >= 0 and timeout_seconds >= 1 and max_attempts >= 1),
    CONSTRAINT agent_definition_versions_org_id_definition_id_fkey
        FOREIGN KEY (org_id, definition_id) REFERENCES agent_definitions (org_id, id) ON DELETE CASCADE
);
CREATE TABLE agent_jobs (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    definition_id UUID NOT NULL,
    definition_version INTEGER NOT NULL,
    order_id UUID,
    ticket_id UUID,
    client_id UUID,
    input JSONB NOT NULL,
    output JSONB,
    status TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    plan VARCHAR(5000),
    error_code TEXT,
    error_message VARCHAR(200),
    scopes TEXT[] NOT NULL,
    created_by_key UUID,
    currency VARCHAR(3) NOT NULL,
    step_count INTEGER NOT NULL,
    model_calls INTEGER NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    queued_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    started_at TIMESTAMP(3) WITH TIME ZONE,
    finished_at TIMESTAMP(3) WITH TIME ZONE,
    expires_at TIMESTAMP(3) WITH TIME ZONE,
    CONSTRAINT agent_jobs_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT agent_jobs_status_check
        CHECK (status in ('QUEUED', 'RUNNING', 'AWAITING_APPROVAL', 'AWAITING_INPUT', 'SUCCEEDED', 'FAILED',
            'CANCELLED')),
    CONSTRAINT agent_jobs_error_code_check
        CHECK (error_code in ('PROVIDER_NOT_CONFIGURED', 'PROVIDER_REFUSED', 'PROVIDER_FAILED', 'NO_PRICE',
            'STEPS_EXCEEDED', 'TOKENS_EXCEEDED', 'COST_EXCEEDED', 'BUDGET_EXCEEDED', 'TIMED_OUT',
            'INVALID_OUTPUT', 'MODEL_MISBEHAVED', 'KEY_INVALID', 'INTERNAL')),
    CONSTRAINT agent_jobs_finished_at_check
        CHECK ((status in ('SUCCEEDED', 'FAILED', 'CANCELLED')) = (finished_at is not null)),
    CONSTRAINT agent_jobs_error_check CHECK ((status = 'FAILED') = (error_code is not null)),
    CONSTRAINT agent_jobs_output_check CHECK ((status = 'SUCCEEDED') = (output is not null)),
    CONSTRAINT agent_jobs_expires_at_check
        CHECK ((status in ('AWAITING_APPROVAL', 'AWAITING_INPUT')) = (expires_at is not null)),
    CONSTRAINT agent_jobs_org_id_definition_id_definition_version_fkey
        FOREIGN KEY (org_id, definition_id, definition_version)
        REFERENCES agent_definition_versions (org_id, definition_id, version),
    CONSTRAINT agent_jobs_org_id_order_id_fkey FOREIGN KEY (org_id, order_id) REFERENCES orders (org_id, id),
    CONSTRAINT agent_jobs_org_id_ticket_id_fkey FOREIGN KEY (org_id, ticket_id) REFERENCES tickets (org_id, id),
    CONSTRAINT agent_jobs_org_id_client_id_fkey FOREIGN KEY (org_id, client_id) REFERENCES clients (org_id, id),
    CONSTRAINT agent_jobs_org_id_created_by_key_fkey
        FOREIGN KEY (org_id, created_by_key) REFERENCES api_keys (org_id, id) ON DELETE SET NULL (created_by_key)
);
CREATE INDEX agent_jobs_client_idx ON agent_jobs (org_id, client_id, id);
CREATE INDEX agent_jobs_definition_idx ON agent_jobs (org_id, definition_id, id);
CREATE INDEX agent_jobs_order_idx ON agent_jobs (org_id, order_id, id);
CREATE INDEX agent_jobs_org_id_created_by_key_idx ON agent_jobs (org_id, created_by_key);
CREATE INDEX agent_jobs_status_idx ON agent_jobs (org_id, status, id);
CREATE INDEX agent_jobs_ticket_idx ON agent_jobs (org_id, ticket_id, id);
CREATE INDEX agent_jobs_updated_idx ON agent_jobs (org_id, updated_at, id);
CREATE TABLE agent_steps (
    org_id UUID NOT NULL,
    id UUID NOT NULL,
    job_id UUID NOT NULL,
    index INTEGER NOT NULL,
    kind TEXT NOT NULL,
    model_step INTEGER,
    tool_call_id TEXT,
    messages TEXT,
    operation VARCHAR(80),
    input JSONB,
    output JSONB,
    hash BYTEA,
    changes JSONB,
    events TEXT[],
    question VARCHAR(20000),
    answer VARCHAR(20000),
    expires_at TIMESTAMP(3) WITH TIME ZONE,
    decision TEXT,
    reason VARCHAR(500),
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    started_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP(3) WITH TIME ZONE,
    CONSTRAINT agent_steps_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT agent_steps_kind_check CHECK (kind in ('MODEL', 'TOOL', 'APPROVAL', 'INPUT')),
    CONSTRAINT agent_steps_decision_check CHECK (decision in ('APPROVED', 'REJECTED', 'ANSWERED', 'EXPIRED')),
    CONSTRAINT agent_steps_tool_call_check CHECK ((kind = 'MODEL') = (num_nulls(model_step, tool_call_id) = 2)),
    CONSTRAINT agent_steps_model_step_check CHECK (num_nulls(model_step, tool_call_id) in (0, 2)),
    CONSTRAINT agent_steps_messages_check CHECK (kind = 'MODEL' or messages is null),
    CONSTRAINT agent_steps_operation_check CHECK ((kind in ('TOOL', 'APPROVAL')) = (operation is not null)),
    CONSTRAINT agent_steps_hash_check CHECK ((kind = 'APPROVAL') = (hash is not null)),
    CONSTRAINT agent_steps_question_check CHECK ((kind = 'INPUT') = (question is not null)),
    CONSTRAINT agent_steps_answer_check CHECK ((decision is not distinct from 'ANSWERED') = (answer is not null)),
    CONSTRAINT agent_steps_waits_check CHECK (kind in ('APPROVAL', 'INPUT') or num_nulls(expires_at, decision) = 2),
    CONSTRAINT agent_steps_open_check
        CHECK (kind in ('MODEL', 'TOOL') or (expires_at is not null and (decision is null) = (finished_at is
            null))),
    CONSTRAINT agent_steps_org_id_job_id_fkey FOREIGN KEY (org_id, job_id) REFERENCES agent_jobs (org_id, id),
    CONSTRAINT agent_steps_index_key UNIQUE (org_id, job_id, index)
);
CREATE INDEX agent_steps_finished_idx ON agent_steps (org_id, finished_at, id);
CREATE INDEX agent_steps_job_idx ON agent_steps (org_id, job_id, id);
CREATE UNIQUE INDEX agent_steps_open_key ON agent_steps (org_id, job_id, model_step, tool_call_id)
    WHERE finished_at is null;
CREATE UNIQUE INDEX agent_steps_tool_key ON agent_steps (org_id, job_id, model_step, tool_call_id)
    WHERE kind = 'TOOL';
CREATE TABLE agent_budgets (
    org_id UUID NOT NULL,
    client_id UUID NOT NULL,
    month DATE NOT NULL,
    currency VARCHAR(3) NOT NULL,
    reserved BIGINT NOT NULL,
    spent BIGINT NOT NULL,
    CONSTRAINT agent_budgets_pkey PRIMARY KEY (org_id, client_id, month, currency),
    CONSTRAINT agent_budgets_amounts_check CHECK (reserved >= 0 and spent >= 0),
    CONSTRAINT agent_budgets_org_id_client_id_fkey FOREIGN KEY (org_id, client_id) REFERENCES clients (org_id, id)
)
"""
# Parents first.
GRANTS = {
    "agent_definitions": "SELECT, INSERT, UPDATE, DELETE",
    "agent_definition_versions": "SELECT, INSERT",
    "agent_jobs": "SELECT, INSERT, UPDATE",
    "agent_steps": "SELECT, INSERT, UPDATE",
    "agent_budgets": "SELECT, INSERT, UPDATE",
}
BEFORE = ("WEBHOOK_DELIVERY", "AUDIT_SEAL", "TICKET_WAKE", "AUDIT_EXPORT", "SUBSCRIPTION")
NEW = ("AGENT", "AGENT_EXPIRY")


def _functions(*names: str) -> None:
    listed = ", ".join(f"'{name}'" for name in names)
    run = op.get_bind().exec_driver_sql
    run("ALTER TABLE jobs DROP CONSTRAINT jobs_function_check")
    run(f"ALTER TABLE jobs ADD CONSTRAINT jobs_function_check CHECK (function in ({listed}))")


def upgrade() -> None:
    for statement in UP.split(";"):
        op.get_bind().exec_driver_sql(statement)
    for table, grants in GRANTS.items():
        protect(table, grants)
    _functions(*BEFORE, *NEW)


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    listed = ", ".join(f"'{name}'" for name in NEW)
    run("ALTER TABLE jobs NO FORCE ROW LEVEL SECURITY")
    run(f"DELETE FROM jobs WHERE function in ({listed})")
    run("ALTER TABLE jobs FORCE ROW LEVEL SECURITY")
    _functions(*BEFORE)
    for table in reversed(GRANTS):
        run(f"DROP TABLE {table}")
    forget("agent")
