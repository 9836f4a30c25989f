"""A receiver that does what the guide says and knows nothing else: it gets what is documented, and loses nothing."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import uvicorn
from jsonschema import Draft202012Validator
from standardwebhooks import Webhook, WebhookVerificationError

from models.resources import events
from resolvers.database.runtime import Runtime
from rest_shim.guide import guide
from server.dev.embedded import free_port
from tests.support.api import Org
from tests.support.forms import ADA, new_form, nobody, path_of
from tests.support.jobs import eventually, make_due, settled, working
from tests.support.openapi import openapi
from tests.support.orders import WRITE
from tests.support.subscriptions import MONTHLY
from tests.support.webhooks import ROTATE, SEND, new_webhook

# Events that come with time or from a worker. Agent jobs and reports have tests of their own.
TIMED = {name for name, _, _ in events() if name.startswith(("agent_job.", "report."))}
TIMED |= {"subscription.past_due", "subscription.renewed"}
UPDATE = "mutation($input: UpdateSubscriptionInput!) { updateSubscription(input: $input) { subscription { id } } }"
# What the guide tells to write; it reads SECRET, body and headers, and makes event.
SNIPPET = re.search(r"```python\n( *from standardwebhooks .*?)```", guide(), re.DOTALL)
EXAMPLE = re.search(r"```http\n(POST .*?)\n\n", guide(), re.DOTALL)


def verified(secret: str, body: bytes, headers: dict[str, str]) -> Any:
    """The event, by the guide's own lines. Raises WebhookVerificationError."""
    assert SNIPPET is not None
    names: dict[str, Any] = {"SECRET": secret, "body": body, "headers": headers}
    lines = [line.removeprefix("   ") for line in SNIPPET[1].splitlines()]
    exec("\n".join(lines), names)
    return names["event"]


def fits(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    """Whether one of the signatures is right, by the guide's words for those without a library."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    right = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return right in headers["webhook-signature"].split(" ")


@dataclass
class Follower:
    """An ASGI application that does what the guide says, and refuses the first attempt of each event."""

    secret: str = ""
    url: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    events: dict[str, Any] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    stored: dict[str, Any] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take one delivery."""
        body, more = b"", True
        while more:
            part = await receive()
            body += part.get("body", b"")
            more = part.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.requests.append((headers, body))
        await send({"type": "http.response.start", "status": self.taken(headers, body), "headers": []})
        await send({"type": "http.response.body"})

    def taken(self, headers: dict[str, str], body: bytes) -> int:
        """The status of the answer."""
        try:
            event = verified(self.secret, body, headers)
        except WebhookVerificationError:
            return 400
        if not fits(self.secret, body, headers):
            return 400
        key = headers["webhook-id"]
        if key not in self.tried:
            self.tried.add(key)
            return 503
        if key not in self.events:
            self.events[key] = event
            self.store(event)
        return 204

    def store(self, event: Any) -> None:
        """Keep the object of an event unless what is kept is newer."""
        data = event["data"]
        key = data.get("publicId") or data["id"]
        if event["type"].endswith(".deleted"):
            self.stored.pop(key, None)
            self.deleted.add(key)
        elif key not in self.deleted and data.get("version", 1) > self.stored.get(key, {}).get("version", 0):
            self.stored[key] = data


@asynccontextmanager
async def following() -> AsyncIterator[Follower]:
    """A follower behind a server that people use."""
    made = Follower()
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(made, host="127.0.0.1", port=port, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve())
    await eventually(lambda: asyncio.sleep(0, server.started))
    made.url = f"http://127.0.0.1:{port}/hooks/counterfoil?shop=1"
    try:
        yield made
    finally:
        server.should_exit = True
        await task


async def lived(org: Org) -> dict[str, Any]:
    """Make events of each type that a request makes. Return the objects that are left, as their routes show them."""

    async def ask(method: str, path: str, **body: Any) -> Any:
        answer = await org.http.request(method, f"/api/v1/{path}", json=body or None)
        assert answer.is_success, answer.text
        return answer.json()["data"] if answer.content else None

    paths: list[str] = []
    for gone in (True, False):
        client = await ask("POST", "clients", name="Zoë", email=f"zoe-{gone}@example.com", notes="\u2028 “quoted”\n")
        service = await ask("POST", "services", name="Logo", price=15_000, status="ACTIVE")
        order = await ask("POST", "orders", clientId=client["publicId"], serviceId=service["publicId"])
        paths = [f"orders/{order['publicId']}", f"services/{service['publicId']}", f"clients/{client['publicId']}"]
        await ask("PUT", paths[2], company="Ça & <Cie>")
        await ask("PUT", paths[1], price=20_000)
        if gone:
            for path in paths:
                await ask("DELETE", path)
    paid: list[tuple[dict[str, Any], ...]] = [
        ({"status": "OPEN"}, {"status": "PAID"}),
        ({"status": "OPEN"}, {"status": "VOID"}),
    ]
    for moves in (*paid, ({"status": "OPEN", "metadata": {"to": "lawyer"}}, {"status": "UNCOLLECTIBLE"}), ()):
        line = {"description": "Logo", "unitPrice": 99}
        made = await ask("POST", "invoices", clientId=paths[2].partition("/")[2], lines=[line])
        for move in moves:
            await ask("PUT", f"invoices/{made['publicId']}", **move)
        if not moves:
            await ask("DELETE", f"invoices/{made['publicId']}")
    asked = await ask("POST", "tickets", subject="When?")
    await ask("PUT", f"tickets/{asked['publicId']}", priority="HIGH", reply={"body": "Soon."})
    form = await new_form(org)
    async with nobody(org) as public:
        assert (await public.post(path_of(form), json=ADA)).status_code == 201
    monthly = await ask("POST", "services", name="Care", status="ACTIVE", **MONTHLY)
    given = {"clientId": paths[2].partition("/")[2], "serviceId": monthly["publicId"], "startDate": "2100-01-31"}
    booked = (await ask("POST", "subscriptions", **given))["publicId"]
    await org.data(UPDATE, input={"id": booked, "quantity": 2})
    await ask("DELETE", f"subscriptions/{booked}")
    # Two events of one version.
    await ask("PUT", paths[0], status="SUBMITTED", notes="Soon")
    await org.data(WRITE, input={"orderId": paths[0].partition("/")[2], "body": "Hello", "visibility": "PUBLIC"})
    found = [await ask("GET", path) for path in (*paths, f"services/{monthly['publicId']}")]
    return {each["publicId"]: each for each in found}


async def test_a_receiver_that_follows_the_guide_has_what_the_routes_show(local: Org, open_runtime: Runtime) -> None:
    async with following() as there:
        made = await new_webhook(local, there.url, "*")
        there.secret = made["secret"]
        left = await lived(local)
        await local.data(SEND, input={"id": made["publicId"]})
        number = await local.count("deliveries")
        async with working(open_runtime):

            async def tried() -> bool:
                return await local.count("deliveries where jsonb_array_length(attempts) > 0") == number

            await eventually(tried)
            await make_due(open_runtime, local.id)
            await settled(open_runtime, local.id, number=number)
        assert {event["type"] for event in there.events.values()} == {name for name, _, _ in events()} - TIMED
        assert (len(there.events), len(there.requests)) == (number, 2 * number)
        kept = {
            key: data for key, data in there.stored.items() if key.partition("_")[0] in ("client", "order", "service")
        }
        assert kept == left
        # The same id is the same event to the byte; each attempt has its own time.
        assert len({(headers["webhook-id"], body) for headers, body in there.requests}) == number
    said = openapi()
    assert EXAMPLE is not None
    shown = dict(line.split(": ", 1) for line in EXAMPLE[1].splitlines()[1:])
    for headers, body in there.requests:
        for name in ("Content-Type", "User-Agent"):
            assert headers[name.lower()] == shown[name]
        assert {name.lower() for name in shown} <= headers.keys()
        event = json.loads(body)
        described = said["webhooks"][event["type"]]["post"]
        for parameter in described["parameters"]:
            assert re.search(parameter["schema"]["pattern"], headers[parameter["name"]])
        schema = described["requestBody"]["content"]["application/json"]["schema"]
        Draft202012Validator(schema | {"components": said["components"]}).validate(event)
        assert abs(datetime.now(UTC).timestamp() - int(headers["webhook-timestamp"])) < 300


async def test_what_was_changed_on_the_way_or_kept_for_later_is_refused(local: Org, open_runtime: Runtime) -> None:
    async with following() as there, httpx.AsyncClient() as stranger:
        made = await new_webhook(local, there.url)
        there.secret = made["secret"]
        there.tried = _All()
        await local.data(SEND, input={"id": made["publicId"]})
        async with working(open_runtime):
            await settled(open_runtime, local.id)
        [(headers, body)] = there.requests
        assert len(there.events) == 1
        there.events.clear()
        signed = {name: headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
        late = datetime.now(UTC) - timedelta(minutes=6)
        old = {
            "webhook-timestamp": str(int(late.timestamp())),
            "webhook-signature": Webhook(made["secret"]).sign(signed["webhook-id"], late, body.decode()),
        }
        for changed, what in (
            ({}, body + b" "),
            ({"webhook-id": "event_" + "0" * 26}, body),
            ({"webhook-timestamp": str(int(signed["webhook-timestamp"]) + 1)}, body),
            ({"webhook-signature": "v1," + base64.b64encode(bytes(32)).decode()}, body),
            (old, body),
        ):
            answer = await stranger.post(there.url, content=what, headers=signed | changed)
            assert (answer.status_code, there.events) == (400, {})
        assert (await stranger.post(there.url, content=body, headers=signed)).status_code == 204


async def test_a_secret_is_changed_without_a_gap(local: Org, open_runtime: Runtime) -> None:
    async with following() as there:
        made = await new_webhook(local, there.url)
        there.secret, there.tried = made["secret"], _All()
        this = {"id": made["publicId"]}
        new = (await local.data(ROTATE, input=this))["rotateWebhookSecret"]["secret"]
        for number, secret in ((1, made["secret"]), (2, new)):
            there.secret = secret
            await local.data(SEND, input=this)
            async with working(open_runtime):
                await settled(open_runtime, local.id, number=number)
            assert len(there.events) == number
        assert all(len(headers["webhook-signature"].split(" ")) == 2 for headers, _ in there.requests)


class _All(set[str]):
    """Has everything: no first attempt is refused."""

    def __contains__(self, _key: object) -> bool:
        return True
