"""What runs in the background: the rows of agents, reports and failed jobs, and the conditions of their lists."""

from collections.abc import Mapping

from bench.filters.ids import SINCE, row_id
from bench.filters.related import AGENT_DEFINITION, AGENT_JOB, CLIENT, ORDER, TICKET
from bench.filters.values import NULL, Values, of_enum, of_id, of_number, of_text, of_time

TABLES = ("agent_definitions", "agent_jobs", "agent_steps", "reports", "report_rows")
# The steps and the rows that are listed are of the first job and the first report.
STATEMENTS = (
    f"""insert into agent_definitions (org_id, id, version, updated_at, name, name_key, model, instructions, tools,
 max_steps, max_tokens, max_cost, timeout_seconds, max_attempts, status)
select %(org)s, {row_id("agent_definitions", "n")}, 1, to_timestamp({SINCE} / 1000.0 + n), 'Agent ' || n, 'agent ' || n,
 'test', 'Answer.', '[]', 20, 100000, 1000000, 600, 3,
 case when n = 7 then 'DRAFT' when n %% 10 = 1 then 'ARCHIVED' else 'ACTIVE' end
from generate_series(1, %(agent_definitions)s) as n""",
    f"""insert into agent_jobs (org_id, id, version, updated_at, definition_id, definition_version, order_id, ticket_id,
 client_id, input, output, status, attempt, scopes, currency, step_count, model_calls, input_tokens, output_tokens,
 cost, queued_at, finished_at, expires_at, ran_ms, model)
select %(org)s, {row_id("agent_jobs", "n")}, 1, at, {row_id("agent_definitions", "1 + n %% %(agent_definitions)s")}, 1,
 case when n %% 3 > 0 and n <= %(orders)s then {row_id("orders", "n")} end,
 case when n %% 3 = 0 and n <= %(tickets)s then {row_id("tickets", "n")} end,
 case when n %% 10000 <> 7 then {row_id("clients", "1 + (hashint4(n::int)::bigint & 2147483647) %% %(clients)s")} end,
 '{{}}', case when status = 'SUCCEEDED' then '{{}}'::jsonb end, status, 1, array[]::text[], 'EUR', 0, 0, 0, 0, 0, at,
 case when status in ('SUCCEEDED', 'CANCELLED') then at end,
 case when status = 'AWAITING_APPROVAL' then to_timestamp({SINCE} / 1000.0 + n::bigint * 7919 %% 1000003) end, 0, 'test'
from generate_series(1, %(agent_jobs)s) as n,
 lateral (select to_timestamp({SINCE} / 1000.0 + n) as at, case when n %% 10000 = 7 then 'CANCELLED'
 when n %% 10 = 1 then 'AWAITING_APPROVAL' when n %% 10 = 2 then 'QUEUED' else 'SUCCEEDED' end as status) as one""",
    f"""insert into agent_steps (org_id, id, job_id, index, kind, model_step, tool_call_id, operation, question, answer,
 expires_at, decision, input_tokens, output_tokens, cost, reserved, started_at, finished_at)
select %(org)s, {row_id("steps", "n")}, {row_id("agent_jobs", "1")}, n, kind, case when kind <> 'MODEL' then 0 end,
 case when kind <> 'MODEL' then 'call_' || n end, case when kind = 'TOOL' then 'GetOrder' end,
 case when kind = 'INPUT' then 'Which one?' end, case when kind = 'INPUT' then 'The first.' end,
 case when kind = 'INPUT' then at end, case when kind = 'INPUT' then 'ANSWERED' end, 0, 0, 0, 0, at,
 case when n %% 10 <> 3 then at end
from generate_series(1, 200) as n,
 lateral (select to_timestamp({SINCE} / 1000.0 + n) as at,
 case when n = 7 then 'INPUT' when n %% 10 = 1 then 'TOOL' else 'MODEL' end as kind) as one""",
    f"""insert into reports (org_id, id, version, updated_at, kind, start_date, end_date, timezone, interval, currency,
 status, progress, error, totals, snapshot_at, chart)
select %(org)s, {row_id("reports", "n")}, 1, to_timestamp({SINCE} / 1000.0 + n),
 case when n = 7 then 'MRR' else 'REVENUE' end, '2026-01-01', '2026-02-01', 'UTC', 'DAY', 'EUR',
 case when n = 7 then 'FAILED' else 'READY' end, 100, case when n = 7 then 'INTERNAL' end,
 case when n <> 7 then '{{}}'::jsonb end, case when n <> 7 then now() end, case when n <> 7 then ''::bytea end
from generate_series(1, %(reports)s) as n""",
    f"""insert into report_rows (org_id, id, report_id, number, data)
select %(org)s, {row_id("report_rows", "n")}, {row_id("reports", "1")}, n, '{{}}'
from generate_series(1, %(report_rows)s) as n""",
    f"""insert into jobs (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt, claim_no,
 error_code, finished_at)
select %(org)s, {row_id("failed_jobs", "n")}, case when n %% 10000 = 7 then 'REPORT' else 'WEBHOOK_DELIVERY' end,
 {row_id("deliveries", "n")}, {row_id("endpoints", "1")},
 case when n %% 10000 = 7 then 'reports' else 'webhooks' end, now(), 'FAILED', 1, 1, 'INTERNAL',
 to_timestamp({SINCE} / 1000.0 + n)
from generate_series(1, %(failed_jobs)s) as n""",
)


def conditions(sizes: Mapping[str, int]) -> dict[str, dict[str, dict[str, Values]]]:
    """For each of their lists, each field of its filter, each operator: the values."""
    return {
        "agent_definitions": {
            "id": of_id("agent", "agent_definitions"),
            "name": of_text("agent 77", "agent"),
            "status": of_enum(None, "DRAFT", "ACTIVE"),
            "createdAt": of_time("milliseconds", sizes["agent_definitions"]),
            "updatedAt": of_time("seconds", sizes["agent_definitions"]),
            "agentJobs": {"some": AGENT_JOB, "none": AGENT_JOB},
        },
        "agent_jobs": {
            "id": of_id("job", "agent_jobs"),
            "status": of_enum("FAILED", "CANCELLED", "SUCCEEDED"),
            "definitionId": of_id("agent", "agent_definitions"),
            "orderId": of_id("order", "orders") | NULL,
            "ticketId": of_id("ticket", "tickets") | NULL,
            "clientId": of_id("client", "clients") | {"isNull": {"few": True, "many": False}},
            "createdAt": of_time("milliseconds", sizes["agent_jobs"]),
            "updatedAt": of_time("seconds", sizes["agent_jobs"]),
            "definition": {"": AGENT_DEFINITION},
            "order": {"": ORDER},
            "ticket": {"": TICKET},
            "client": {"": CLIENT},
        },
        "steps": {
            "id": of_id("step", "steps"),
            "kind": of_enum("APPROVAL", "INPUT", "MODEL"),
            "decision": {"eq": {"none": "EXPIRED", "few": "ANSWERED"}, "in": {"few": ["ANSWERED"]},
                         "notIn": {"few": ["EXPIRED"]}, "isNull": {"many": True, "few": False}},
            # One step has it.
            "expiresAt": {
                **{operator: {"none": values["none"], "few": values["few"]}
                   for operator, values in of_time("seconds", 14).items() if operator != "isNull"},
                "isNull": {"many": True, "few": False},
            },
            "finishedAt": of_time("seconds", 200) | NULL,
            "createdAt": of_time("milliseconds", 200),
        },
        "reports": {
            "id": of_id("report", "reports"),
            "kind": of_enum(None, "MRR", "REVENUE"),
            "status": of_enum("RUNNING", "FAILED", "READY"),
            "createdAt": of_time("milliseconds", sizes["reports"]),
            "updatedAt": of_time("seconds", sizes["reports"]),
        },
        "report_rows": {"number": of_number(1, sizes["report_rows"])},
        "failed_jobs": {
            "id": of_id("task", "failed_jobs"),
            "function": of_enum("AGENT", "REPORT", "WEBHOOK_DELIVERY"),
            "queue": of_enum("AGENTS", "REPORTS", "WEBHOOKS"),
            "createdAt": of_time("milliseconds", sizes["failed_jobs"]),
            "finishedAt": of_time("seconds", sizes["failed_jobs"]),
        },
    }  # fmt: skip
