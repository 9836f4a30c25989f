"""Messages, which are in the graph alone."""

from tests.support.cases import Case, wrong

CASES = (
    Case(
        name="message",
        plural="messages",
        type="Message",
        scope="messages",
        table="messages",
        rows=({"body": "Hello"},),
        create={"body": "Good news", "visibility": "PUBLIC"},
        references={"orderId": "order"},
        mutations={},
        defaults={"authorKind": "STAFF", "visibility": "PUBLIC"},
        wrong={
            "createMessage": (
                wrong({"body": " "}, "body TOO_SHORT", limit=1),
                wrong({"orderId": "x", "body": "x"}, "orderId NOT_FOUND"),
                wrong({"body": "x", "visibility": "SECRET"}, "visibility NOT_ONE_OF"),
                wrong(
                    {"body": "x", "attachments": [{"name": "a", "url": "javascript:alert(1)"}]},
                    "attachments.0.url INVALID_FORMAT",
                ),
            ),
        },
    ),
)
