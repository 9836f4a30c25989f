"""Orders."""

from typing import Any

from tests.support.cases import FAR_AWAY, LONG_AGO, Case, Filter, times, wrong

SHAPE = {
    "publicId": "str", "number": "int", "clientId": "str", "serviceId": "str", "quantity": "int", "unitPrice": "int",
    "total": "int", "currency": "str", "deliveryDays": "?int", "status": "str", "dueAt": "?str", "startedAt": "?str",
    "heldAt": "?str", "heldSeconds": "int", "deliveredAt": "?str", "completedAt": "?str", "cancelledAt": "?str",
    "cancelledReason": "?str", "revisions": "int",
    "notes": "?str", "formData": "?dict", "formId": "?str", "formVersion": "?int", "tags": "list", "metadata": "dict",
    "createdAt": "str", "updatedAt": "str", "version": "int",
}  # fmt: skip
ODD_NUMBERS: tuple[Any, ...] = (1.5, "1", True)
ODD_FORMS: tuple[Any, ...] = ([], "x")
NOWHERE: dict[str, Any] = {"clientId": "x", "serviceId": "y"}
CASES = (
    Case(
        name="order",
        plural="orders",
        type="Order",
        scope="orders",
        table="orders",
        rows=({}, {}, {}),
        # It has no messages.
        deleted=2,
        create={"quantity": 2, "notes": "Soon"},
        references={"clientId": "client", "serviceId": "service"},
        mutations={
            "updateOrder": {"notes": "Later", "status": "SUBMITTED"},
            "transitionOrder": {"to": "SUBMITTED"},
            "deleteOrder": {},
        },
        wrong={
            "createOrder": (
                wrong({"quantity": 0}, "quantity OUT_OF_RANGE", minimum=1),
                wrong(NOWHERE, "clientId NOT_FOUND", "serviceId NOT_FOUND"),
                wrong(NOWHERE | {"quantity": 0}, "quantity OUT_OF_RANGE", minimum=1),
                wrong({"clientId": {}, "serviceId": None}, "clientId WRONG_TYPE", "serviceId REQUIRED"),
                *(wrong({"quantity": value}, "quantity WRONG_TYPE") for value in ODD_NUMBERS),
                *(wrong({"formData": value}, "formData WRONG_TYPE") for value in ODD_FORMS),
                wrong({"formData": {"a": "\x00"}}, "formData INVALID_FORMAT"),
            ),
            "updateOrder": (
                wrong({"tags": [""]}, "tags.0 TOO_SHORT", limit=1),
                wrong({"status": "CANCELLED"}, "statusReason REQUIRED"),
                wrong({"status": "CANCELLED", "statusReason": "a\x00b"}, "statusReason INVALID_FORMAT"),
                wrong({"status": "CANCELLED", "statusReason": "x" * 501}, "statusReason TOO_LONG", limit=500),
                wrong({"statusReason": "x"}, "statusReason NOT_ALLOWED"),
                wrong({"notes": "x", "statusReason": "x"}, "statusReason NOT_ALLOWED"),
                wrong({"quantity": None, "tags": None}, "quantity REQUIRED", "tags REQUIRED"),
            ),
            "transitionOrder": (
                wrong({}, "to REQUIRED"),
                wrong({"to": "CANCELLED"}, "reason REQUIRED"),
                wrong({"to": "GONE"}, "to NOT_ONE_OF"),
            ),
        },
        defaults={"quantity": 1},
        never_null=frozenset({"quantity", "status", "tags", "metadata"}),
        routes={
            "GET /api/v1/orders": "ListOrders",
            "POST /api/v1/orders": "CreateOrder",
            "GET /api/v1/orders/{publicId}": "GetOrder",
            "PUT /api/v1/orders/{publicId}": "UpdateOrder",
            "PATCH /api/v1/orders/{publicId}": "UpdateOrder",
            "DELETE /api/v1/orders/{publicId}": "DeleteOrder",
        },
        shape=SHAPE,
        filters=(
            Filter("ids", "{order}", {"id": {"in": ["{order}"]}}, 1),
            Filter("status", "PENDING,COMPLETED", {"status": {"in": ["PENDING", "COMPLETED"]}}, 3),
            Filter("tag", "vip", {"tags": {"hasAny": ["vip"]}}, 0),
            Filter("search", "nothing", {"search": "nothing"}, 0),
            Filter("clientId", "{client}", {"clientId": {"eq": "{client}"}}, 3),
            Filter("serviceId", "{service2}", {"serviceId": {"eq": "{service2}"}}, 0),
            Filter("number", "99", {"number": {"eq": 99}}, 0),
            Filter("totalMin", "15000", {"total": {"gte": 15_000}}, 3),
            Filter("totalMax", "14999", {"total": {"lte": 14_999}}, 0),
            Filter("dueAfter", LONG_AGO, {"dueAt": {"gt": LONG_AGO}}, 0),
            Filter("dueBefore", FAR_AWAY, {"dueAt": {"lt": FAR_AWAY}}, 0),
            *times(3),
        ),
        wrong_queries=(
            ("clientId=x", "clientId"),
            ("serviceId=", "serviceId"),
            ("number=99999999999", "number"),
            ("number=1.0", "number"),
            ("totalMin=x", "totalMin"),
            ("totalMax=99999999999999999999", "totalMax"),
            ("dueAfter=1", "dueAfter"),
        ),
    ),
)
