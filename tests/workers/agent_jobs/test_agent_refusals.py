"""What a provider says that refuses: logged, quoted in the job's message, and without the key."""

import pytest
from structlog.testing import capture_logs

from tests.support.agency import Agency
from tests.support.chat import Turn, chatting, cuts, encodes, fails, floods


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        ("400 Bad Request", b'"No such model."', ": No such model."),
        ("400 Bad Request", b'"key sk-chat is wrong"', ": key … is wrong"),
        ("400 Bad Request", b'"' + b"x" * 1_000 + b'"', ": " + "x" * 200),
        ("400 Bad Request", b'"\\ud800 and \\u0000"', ": ? and \ufffd"),
        ("400 Bad Request", b"5", "."),
        ("500 Internal Server Error", b'"Overloaded."', ": Overloaded."),
        ("401 Unauthorized", b'"Wrong key: sk-chat"', "."),
        ("403 Forbidden", b'"Of another project."', "."),
    ],
)
async def test_a_provider_is_quoted_without_the_key(agency: Agency, status: str, message: bytes, said: str) -> None:
    job = await agency.queued(limits={"maxAttempts": 1})
    async with chatting(fails(status, message=message)) as chat:
        with capture_logs() as logs:
            row = await agency.worked(job, chat.base_url)
    assert row["error_message"] == f"The provider answered with {status[:3]}{said}"[:200]
    [refused] = [line for line in logs if line["event"] == "agent.provider_refused"]
    assert (refused["job"], refused["status"]) == (str(row["id"]), int(status[:3]))
    assert "'code': 'c'" in refused["body"] or len(refused["body"]) == 500
    [failed] = [line for line in logs if line["event"] == "agent.failed"]
    assert (failed["job"], failed["code"]) == (str(row["id"]), row["error_code"])
    assert "sk-chat" not in f"{logs} {row}"


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (floods(5_000_000), "The provider's answer is not read: it is larger than 4 MiB."),
        (encodes(), "The provider's answer is not read: it is encoded, which was not asked for."),
        (cuts(), "The provider could not be reached, or gave no answer that can be read."),
    ],
    ids=["floods", "encodes", "cuts"],
)
async def test_why_an_answer_is_not_read_is_said(agency: Agency, turn: Turn, said: str) -> None:
    job = await agency.queued(limits={"maxAttempts": 1})
    async with chatting(turn) as chat:
        row = await agency.worked(job, chat.base_url)
    assert (row["error_code"], row["error_message"]) == ("PROVIDER_FAILED", said)
