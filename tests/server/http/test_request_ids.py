"""A caller names its request, but not as one of our own sources names what it does."""

import re
from typing import Any

import pytest

from models.typeid import new_uuid
from resolvers import organizations
from resolvers.jobs.claims import context_of
from server.http.edge import EdgeMiddleware
from server.monitoring.metrics import Metrics
from tests.support.api import Org, new_client
from tests.support.protocol import exchange, listening

NOWHERE: Any = None
OURS = re.compile(r"[0-9a-f]{32}")


def ours() -> list[str]:
    """An id of each source that writes without a request: the command line and jobs."""
    return [
        organizations.command_line(NOWHERE, new_uuid()).request_id,
        context_of(NOWHERE, new_uuid(), new_uuid()).request_id,
    ]


@pytest.mark.parametrize(
    "given",
    [
        *(pytest.param(made, id=f"made here {number}") for number, made in enumerate(ours())),
        "cli-1",
        "cli_1",
        "CLI-1",
        "job_",
        "job-1",
        "Job_1",
        "JOB.1",
        "task_1",
        "task-1",
        "a b",
        "",
        "x" * 65,
        "é",
    ],
)
async def test_an_id_of_our_own_sources_is_replaced(acme: Org, given: str) -> None:
    made = await acme.http.post(
        "/api/v1/clients",
        json={"name": "Ada", "email": f"{new_uuid().hex}@example.com"},
        headers={b"X-Request-Id": given.encode()},
    )
    assert made.status_code == 201
    shown = made.headers["x-request-id"]
    assert OURS.fullmatch(shown)
    rows = await acme.rows("select request_id from audit_entries order by id desc limit 1")
    assert [row["request_id"] for row in rows] == [shown]


@pytest.mark.parametrize(
    "given", ["mine", "cli", "client-1", "jobs_1", "my-cli-1", "my_job_1", "tasks", "x" * 64, "a.b_c-d"]
)
async def test_another_id_is_kept(acme: Org, given: str) -> None:
    made = await new_client(acme)
    path = f"/api/v1/clients/{made['publicId']}"
    found = await acme.http.put(path, json={"name": "Grace"}, headers={"X-Request-Id": given})
    assert found.headers["x-request-id"] == given
    rows = await acme.rows("select request_id from audit_entries order by id desc limit 1")
    assert [row["request_id"] for row in rows] == [given]


async def test_the_first_id_that_may_stand_counts() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    edge: Any = EdgeMiddleware(app, Metrics(), seconds=5, timing=False)
    async with listening(edge) as port:
        head = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-request-id: job_1\r\nx-request-id: mine\r\n\r\n"
        assert b"x-request-id: mine\r\n" in await exchange(port, head)
