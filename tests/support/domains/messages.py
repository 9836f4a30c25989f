"""Messages."""

from tests.support.cases import FAR_AWAY, LONG_AGO, Case, Filter, wrong

SHAPE = {
    "publicId": "str", "orderId": "str", "author": "dict", "body": "str", "visibility": "str", "attachments": "list",
    "createdAt": "str", "updatedAt": "str", "version": "int",
}  # fmt: skip
SCRIPT = {"name": "a", "url": "javascript:alert(1)"}
LONG_LIST = [{"name": "a", "url": "https://example.com"}] * 21
CASES = (
    Case(
        name="message",
        plural="messages",
        type="Message",
        scope="messages",
        table="messages",
        statements={"ListMessages": 2, "GetMessage": 1, "CreateMessage": 2, "MarkMessagesRead": 2},
        rows=({"body": "Hello"}, {"body": "Is it ready?", "authorKind": "CLIENT", "authorName": "Ada"}),
        create={"body": "Good news", "visibility": "PUBLIC"},
        references={"orderId": "order"},
        mutations={"markMessagesRead": {}},
        defaults={"authorKind": "STAFF", "visibility": "PUBLIC"},
        wrong={
            "createMessage": (
                wrong({"body": " "}, "body TOO_SHORT", limit=1),
                wrong({"orderId": "x", "body": "x"}, "orderId NOT_FOUND"),
                wrong({"body": "x", "visibility": "SECRET"}, "visibility NOT_ONE_OF", allowed=["PUBLIC", "INTERNAL"]),
                wrong({"body": "x", "authorKind": "SYSTEM"}, "authorKind NOT_ONE_OF", allowed=["STAFF", "CLIENT"]),
                wrong({"body": "x", "attachments": [SCRIPT]}, "attachments.0.url INVALID_FORMAT"),
                wrong({"body": "x", "attachments": LONG_LIST}, "attachments TOO_LONG", limit=20),
                wrong({"body": "x", "attachments": SCRIPT}, "attachments WRONG_TYPE", rest=True),
            ),
        },
        routes={"GET /api/v1/messages": "ListMessages", "POST /api/v1/messages": "CreateMessage"},
        shape=SHAPE,
        filters=(
            Filter("orderId", "{order}", {}, 2),
            Filter("ids", "{message}", {"id": {"in": ["{message}"]}}, 1),
            Filter("createdAfter", LONG_AGO, {"createdAt": {"gt": LONG_AGO}}, 2),
            Filter("createdBefore", FAR_AWAY, {"createdAt": {"lt": FAR_AWAY}}, 2),
        ),
        wrong_queries=(("orderId=x", "orderId"), ("sort=updatedAt", "sort")),
    ),
)
