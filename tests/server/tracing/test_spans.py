"""Spans and where their trace goes on, without servers."""

import logging

import orjson
import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased

from resolvers.tracing import Span
from server.monitoring import logs
from server.tracing.export import Losses
from server.tracing.spans import TRACESTATE_LENGTH, Spans
from server.tracing.statements import SUMMARY_LENGTH, summary_of
from tests.support.collector import CALLER, PARENT, TRACEPARENT

UNSAMPLED = f"00-{CALLER}-{PARENT}-00"


class Recorded:
    """Spans, and those of them that have ended."""

    def __init__(self) -> None:
        self._kept = InMemorySpanExporter()
        provider = TracerProvider(sampler=ParentBased(ALWAYS_ON), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._kept))
        self.spans = Spans(provider.get_tracer("test"))

    def ended(self) -> dict[str, ReadableSpan]:
        """The spans by their names."""
        return {each.name: each for each in self._kept.get_finished_spans()}

    def trace(self, name: str) -> str:
        """The trace of a span."""
        context = self.ended()[name].context
        assert context is not None
        return f"{context.trace_id:032x}"


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


@pytest.mark.parametrize("parent", [TRACEPARENT, UNSAMPLED])
def test_log_lines_have_the_trace_of_what_is_under_way(
    recorded: Recorded, parent: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    logging_restored: None,
) -> None:  # fmt: skip
    logs.configure()
    monkeypatch.setattr(logs.traces, "current", recorded.spans.trace_id)
    with recorded.spans.begin("request", origin={"traceparent": parent}), recorded.spans.begin("job"):
        structlog.get_logger().warning("delivery.failed")
        logging.getLogger("some.library").warning("slow")
        logs.access("mine", "GET", "/", 200, 0.1, 0)
    logs.access("other", "GET", "/", 200, 0.1, 0)
    lines = [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line.get("trace_id") for line in lines] == [CALLER] * 3 + [None]
    assert [line.get("request_id") for line in lines[2:]] == ["mine", "other"]


def test_spans_are_within_each_other(recorded: Recorded) -> None:
    with recorded.spans.begin("outer"):
        recorded.spans.begin("first").end()
        recorded.spans.begin("second").end()
    recorded.spans.begin("alone").end()
    ended = recorded.ended()
    outer = ended["outer"].context
    assert [ended[name].parent for name in ("first", "second", "alone", "outer")] == [outer, outer, None, None]
    assert len({recorded.trace(name) for name in ended}) == 2


@pytest.mark.parametrize(
    "malformed",
    [
        "", "00", "no", TRACEPARENT[:-1], f"{TRACEPARENT}-more", TRACEPARENT.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-{PARENT}-01", f"00-{CALLER}-{'0' * 16}-01", TRACEPARENT.upper(),
        f"{TRACEPARENT},{TRACEPARENT}", "x" * 10_000, "00-é-ü-01", f"00-{CALLER}'-{PARENT}-01",
    ],
)  # fmt: skip
def test_a_malformed_traceparent_is_none(recorded: Recorded, malformed: str) -> None:
    with recorded.spans.begin("request", "server", origin={"traceparent": malformed, "tracestate": "a=b"}):
        assert recorded.spans.headers().keys() == {"traceparent"}
    assert recorded.ended()["request"].parent is None


def test_a_tracestate_that_is_too_long_or_malformed_is_none(recorded: Recorded) -> None:
    for state in ("a=" + "b" * TRACESTATE_LENGTH, "a=b\r\nx: y", "no"):
        with recorded.spans.begin("request", "server", origin={"traceparent": TRACEPARENT, "tracestate": state}):
            headers = recorded.spans.headers()
            assert ("tracestate" in headers, headers["traceparent"][3:35]) == (False, CALLER)


def test_what_a_transaction_sets_holds_no_text_of_a_caller(recorded: Recorded) -> None:
    assert recorded.spans.setting() == ""
    state = "a=it's');drop table jobs;--"
    with recorded.spans.begin("request", "server", origin={"traceparent": TRACEPARENT, "tracestate": state}):
        setting, parent = recorded.spans.setting(), recorded.spans.headers()["traceparent"]
    assert setting.startswith(f",set_config('app.traceparent','{parent}',true),set_config('app.tracestate',")
    assert ("drop" in setting, state.encode().hex() in setting) == (False, True)


def test_what_is_not_sampled_is_not_recorded_and_says_so_to_others(recorded: Recorded) -> None:
    origin = {"traceparent": UNSAMPLED}
    with recorded.spans.begin("request", "server", origin=origin), recorded.spans.begin("within") as within:
        within.note({"a": 1})
        within.fail("CODE")
        recorded.spans.level(0, {"Query": 1})(True)
        headers = recorded.spans.headers()
    assert (headers["traceparent"][:35], headers["traceparent"][-3:]) == (UNSAMPLED[:35], "-00")
    assert recorded.ended() == {}
    with pytest.raises(KeyError), recorded.spans.begin("request", origin=origin), recorded.spans.begin("within"):
        raise KeyError
    assert recorded.spans.current() is None


def test_a_linked_span_has_a_trace_of_its_own(recorded: Recorded) -> None:
    recorded.spans.begin("timer", "consumer", origin={"traceparent": TRACEPARENT}, linked=True).end()
    recorded.spans.begin("seal", "consumer", linked=True).end()
    timer = recorded.ended()["timer"]
    (link,) = timer.links
    assert (timer.parent, f"{link.context.trace_id:032x}", recorded.trace("timer") == CALLER) == (None, CALLER, False)
    assert recorded.ended()["seal"].links == ()


def test_what_is_done_for_one_is_within_it_and_for_several_is_linked_to_each(recorded: Recorded) -> None:
    spans = recorded.spans
    jobs: list[Span | None] = []
    for name in ("first", "second"):
        span = spans.begin(name, linked=True)
        jobs.append(spans.current())
        span.end()
    unsampled = spans.begin("unsampled", origin={"traceparent": UNSAMPLED})
    jobs += [spans.current(), None]
    unsampled.end()
    _done(spans, "of one", [jobs[0], jobs[2], None])
    _done(spans, "of two", jobs)
    _done(spans, "of none", [jobs[2], None])
    ended = recorded.ended()
    assert ended["of one"].parent == ended["first"].context
    batch = ended["batch"]
    assert (batch.parent, batch.attributes) == (None, {"counterfoil.batch.size": 4})
    assert [link.context for link in batch.links] == [ended["first"].context, ended["second"].context]
    assert (ended["of two"].parent, "of none" in ended) == (batch.context, False)


def _done(spans: Spans, name: str, jobs: list[Span | None]) -> None:
    with spans.shared("batch", jobs):
        spans.begin(name).end()


def test_an_error_is_a_code_and_no_message(recorded: Recorded) -> None:
    secret = "ada@example.com"
    with pytest.raises(ValueError, match="ada"), recorded.spans.begin("request"):
        raise ValueError(secret)
    span = recorded.ended()["request"]
    assert (span.status.is_ok, span.status.description, span.events) == (False, None, ())
    assert span.attributes == {"error.type": "ValueError"}
    assert secret not in span.to_json()


@pytest.mark.parametrize(
    ("sql", "summary"),
    [
        ("SELECT clients.id FROM clients JOIN orders ON orders.client_id = clients.id", "SELECT clients orders"),
        ("SELECT id FROM jobs WHERE id = $1 FOR UPDATE OF jobs", "SELECT jobs"),
        ("UPDATE jobs SET state=$1 WHERE id = $2", "UPDATE jobs"),
        ("WITH written AS (INSERT INTO clients (id) VALUES ($1) RETURNING id), e AS (INSERT INTO audit_entries (id)"
         " SELECT id FROM written) SELECT 1", "INSERT clients audit_entries"),
        ("DELETE FROM orders WHERE id = $1", "DELETE orders"),
        ("select set_config('app.org_id',$1,true)", "SELECT"),
    ],
)  # fmt: skip
def test_a_statement_is_called_by_what_it_does_to_which_tables(sql: str, summary: str) -> None:
    found, attributes = summary_of(sql)
    assert (found, attributes["db.query.summary"]) == (summary, summary)
    assert ("db.collection.name" in attributes) == (len(summary.split()) == 2)


def test_a_summary_has_a_bound() -> None:
    names = "clients orders services invoices tickets messages forms submissions subscriptions reports report_rows"
    more = "webhook_endpoints deliveries events audit_entries audit_changes audit_seals search_words org_settings"
    tables = [*names.split(), *more.split(), "agent_definitions", "agent_definition_versions", "agent_jobs"]
    found, _ = summary_of("SELECT 1 FROM " + " JOIN ".join(tables))
    assert 200 < len(found) <= SUMMARY_LENGTH


def test_losses_are_logged_once_a_minute() -> None:
    clock = [0.0]
    losses = Losses(lambda: clock[0])
    record = logging.LogRecord("n", logging.ERROR, "p", 1, "Failed with %s", (500,), None)
    assert losses.filter(record) is False
    with structlog.testing.capture_logs() as lines:
        for moment in (0.0, 30.0, 59.0, 60.0):
            clock[0] = moment
            losses.add("export_failed", 5)
    assert [(line["event"], line["export_failed"], line["error"]) for line in lines] == [
        ("tracing.spans_dropped", 5, "Failed with 500"), ("tracing.spans_dropped", 20, "Failed with 500"),
    ]  # fmt: skip
