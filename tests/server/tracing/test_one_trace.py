"""One trace, from the caller's request through the workers to a webhook and a model, over real HTTP."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

from server.monitoring.logs import traces
from server.wiring import running, tracing_of
from tests.support.agency import PRICES
from tests.support.agents import DEFINITION, INPUT
from tests.support.api import Org, make_org, serving, settings_of
from tests.support.chat import chatting, says
from tests.support.collector import CALLER, PARENT, TRACEPARENT, Collector, Spanned
from tests.support.jobs import receiver, working
from tests.support.servers import Backends
from tests.support.webhooks import new_webhook
from workers.agent_jobs.providers import Providers

STATE = "vendor=it's;x,other=2"
QUEUE = (
    """mutation Queue($i: QueueAgentJobInput!) { queueAgentJob(input: $i) { agentJob { id definition { name } } } }"""
)
# What no span may have: what the caller sends, and what is sent on.
PRIVATE = ("sk_live_", "whsec_", "ada@example.com", "Ada", "Look at the order", "order_01", "hooks?", "127.0.0.1")


def only(spans: Sequence[Spanned], **wanted: Any) -> Spanned:
    """The one span of some."""
    (found,) = [each for each in spans if all(getattr(each, name) == value for name, value in wanted.items())]
    return found


async def _definition(org: Org) -> str:
    body = DEFINITION | {"model": "openai:scripted", "tools": []}
    answer = await org.http.post("/api/v1/agents/definitions", json=body)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["data"]["publicId"]
    return found


async def test_a_trace_goes_from_the_caller_to_the_webhook_and_the_model(
    own_backends: Backends, collector: Collector
) -> None:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        settings = settings_of(own_backends, tracing=True, webhook_allow_private=True)
        base = await enter(serving(settings, compare=False))
        runtime = await enter(running(settings, tracing=tracing_of(settings, "worker")))
        assert traces.current is not None
        hooks, chat = await enter(receiver()), await enter(chatting(says("Done.")))
        org = await make_org(runtime, base)
        stack.push_async_callback(org.close)
        await org.set_setting("agents.prices", PRICES)
        definition = await _definition(org)
        endpoint = await new_webhook(org, hooks.url, "agent_job.queued")
        trace = {"traceparent": TRACEPARENT, "tracestate": STATE}
        given = {"definitionId": definition, "input": INPUT}
        answer = await org.graphql(QUEUE, headers=trace, i=given)
        assert "errors" not in answer.json(), answer.json()
        await enter(working(runtime, providers=Providers(openai_base_url=chat.base_url)))
        names = ("POST /graphql", "process webhooks", "POST", "process agents", "chat scripted")
        spans = await collector.came(CALLER, *names)
    request = only(spans, name="POST /graphql")
    assert (request.parent, request.kind, request.service) == (PARENT, "server", "counterfoil-api")
    assert request.attributes == {
        "http.request.method": "POST", "url.scheme": "http", "network.protocol.version": "1.1",
        "http.route": "/graphql", "http.response.status_code": 200,
    }  # fmt: skip
    operation = only(spans, name="mutation")
    assert (operation.parent, operation.kind) == (request.id, "internal")
    assert operation.attributes == {"graphql.operation.type": "mutation", "graphql.operation.name": "Queue"}
    level = only(spans, name="level 0", parent=operation.id)
    assert level.attributes == {"counterfoil.types": ["Mutation"], "counterfoil.objects": 1}
    insert = next(each for each in spans if each.parent == level.id and each.name.startswith("INSERT agent_jobs"))
    assert (insert.kind, insert.attributes["db.system.name"], insert.attributes["db.operation.name"]) == (
        "client", "postgresql", "INSERT",
    )  # fmt: skip
    assert insert.attributes["db.query.summary"] == insert.name
    assert {each.name for each in spans if each.parent == operation.id} >= {"COMMIT", "level 0"}
    assert only(spans, name="BEGIN", parent=level.id).kind == "client"
    # The jobs go on from the operation whose transaction queued them, in another process.
    delivering = only(spans, name="process webhooks")
    assert (delivering.parent, delivering.kind, delivering.service) == (operation.id, "consumer", "counterfoil-worker")
    messaging = {name: value for name, value in delivering.attributes.items() if name != "messaging.message.id"}
    assert messaging == {
        "messaging.system": "counterfoil", "messaging.operation.type": "process",
        "messaging.operation.name": "process", "messaging.destination.name": "webhooks",
        "counterfoil.job.function": "WEBHOOK_DELIVERY", "counterfoil.job.attempt": 1, "counterfoil.job.outcome": "DONE",
    }  # fmt: skip
    sent = only(spans, name="POST")
    assert (sent.parent, sent.kind, sent.attributes["http.response.status_code"]) == (delivering.id, "client", 200)
    assert sent.attributes["counterfoil.webhook.endpoint"] == endpoint["publicId"]
    (hook,) = hooks.requests
    assert hook.headers["traceparent"] == f"00-{CALLER}-{sent.id}-01"
    assert hook.headers["tracestate"] == STATE
    agent = only(spans, name="process agents")
    assert (agent.parent, agent.attributes["counterfoil.job.outcome"]) == (operation.id, "DONE")
    asked = only(spans, name="chat scripted")
    assert (asked.parent, asked.kind) == (agent.id, "client")
    assert {name: asked.attributes[name] for name in asked.attributes if name != "gen_ai.request.max_tokens"} == {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "scripted",
        "gen_ai.response.model": "scripted", "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 20,
        "gen_ai.response.finish_reasons": ["stop"],
    }  # fmt: skip
    assert chat.traces == [f"00-{CALLER}-{asked.id}-01"]
    assert [each.name for each in spans if each.failed is not None] == []
    for each in collector.spans:
        assert not [word for word in (*PRIVATE, org.key, endpoint["secret"]) if word in each.text], each.text
