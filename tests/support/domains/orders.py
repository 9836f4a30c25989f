"""Orders."""

from collections.abc import Mapping
from typing import Any

from models.machines import Guard, Transition
from models.orders import MACHINE, OrderStatus
from tests.support.cases import FAR_AWAY, LONG_AGO, Case, Filter, times, wrong
from tests.support.walks import Walk

SHAPE = {
    "publicId": "str", "number": "int", "clientId": "str", "serviceId": "str", "assigneeIds": "list",
    "quantity": "int", "unitPrice": "int", "total": "int", "currency": "str", "taxRate": "str", "deliveryDays": "?int",
    "status": "str", "dueAt": "?str", "startedAt": "?str", "heldAt": "?str", "heldSeconds": "int",
    "deliveredAt": "?str", "completedAt": "?str", "cancelledAt": "?str", "cancelledReason": "?str", "revisions": "int",
    "notes": "?str", "formData": "?dict", "formId": "?str", "formVersion": "?int", "tags": "list", "metadata": "dict",
    "createdAt": "str", "updatedAt": "str", "version": "int",
}  # fmt: skip
ODD_NUMBERS: tuple[Any, ...] = (1.5, "1", True)
ODD_FORMS: tuple[Any, ...] = ([], "x")
NOWHERE: dict[str, Any] = {"clientId": "x", "serviceId": "y"}


class OrderWalk(Walk):
    """An order under a limit of revisions, whose completion may be long ago."""

    machine = MACHINE
    happens = ("limit", "time_passes")
    revisions, most = 0, 2
    started = delivered = long_ago = False

    async def begin(self) -> None:
        await self.org.set_setting("orders.revisionLimit", self.most)

    async def limit(self) -> None:
        self.most = (self.most + 1) % 3
        await self.begin()

    async def time_passes(self) -> None:
        await self.rows("update orders set completed_at = completed_at - interval '40 days' where id = $1")
        self.long_ago = self.status is OrderStatus.COMPLETED

    def blocked(self, transition: Transition[Any]) -> Guard | None:
        if transition.target is OrderStatus.REVISION_REQUESTED and self.revisions >= self.most:
            return Guard.REVISION_LIMIT
        return Guard.REOPEN_WINDOW if transition.origin is OrderStatus.COMPLETED and self.long_ago else None

    def transitioned(self, transition: Transition[Any]) -> None:
        self.revisions += transition.target is OrderStatus.REVISION_REQUESTED
        self.started |= transition.target is OrderStatus.IN_PROGRESS
        self.delivered |= transition.target is OrderStatus.DELIVERED
        self.long_ago = False

    def is_set(self) -> Mapping[str, bool]:
        status, cancelled = self.status, self.status is OrderStatus.CANCELLED
        return {
            "startedAt": self.started, "deliveredAt": self.delivered, "heldAt": status is OrderStatus.ON_HOLD,
            "completedAt": status is OrderStatus.COMPLETED, "cancelledAt": cancelled, "cancelledReason": cancelled,
        }  # fmt: skip


CASES = (
    Case(
        name="order",
        plural="orders",
        type="Order",
        scope="orders",
        table="orders",
        statements={
            "ListOrders": 2,
            "GetOrder": 1,
            "CountOrders": 1,
            "CreateOrder": 2,
            "UpdateOrder": 4,
            "DeleteOrder": 6,
            "TransitionOrder": 4,
        },
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
                wrong({"assigneeIds": ["x", "y"]}, "assigneeIds.0 NOT_FOUND", "assigneeIds.1 NOT_FOUND"),
                wrong(
                    NOWHERE | {"assigneeIds": ["z"]},
                    "clientId NOT_FOUND",
                    "serviceId NOT_FOUND",
                    "assigneeIds.0 NOT_FOUND",
                ),
                wrong({"assigneeIds": ["x"] * 21}, "assigneeIds TOO_LONG", limit=20),
                wrong({"assigneeIds": "x"}, "assigneeIds WRONG_TYPE", rest=True),
                wrong({"clientId": {}, "serviceId": None}, "clientId WRONG_TYPE", "serviceId REQUIRED"),
                *(wrong({"quantity": value}, "quantity WRONG_TYPE") for value in ODD_NUMBERS),
                *(wrong({"formData": value}, "formData WRONG_TYPE") for value in ODD_FORMS),
                wrong({"formData": {"a": "\x00"}}, "formData.a INVALID_FORMAT"),
            ),
            "updateOrder": (
                wrong({"tags": [""]}, "tags.0 TOO_SHORT", limit=1),
                wrong({"status": "CANCELLED"}, "statusReason REQUIRED"),
                wrong({"status": "CANCELLED", "statusReason": "a\x00b"}, "statusReason INVALID_FORMAT"),
                wrong({"status": "CANCELLED", "statusReason": "x" * 501}, "statusReason TOO_LONG", limit=500),
                wrong({"statusReason": "x"}, "statusReason NOT_ALLOWED"),
                wrong({"notes": "x", "statusReason": "x"}, "statusReason NOT_ALLOWED"),
                wrong({"quantity": None, "tags": None}, "quantity REQUIRED", "tags REQUIRED"),
                wrong({"assigneeIds": ["x"], "notes": "y"}, "assigneeIds.0 NOT_FOUND"),
            ),
            "transitionOrder": (
                wrong({}, "to REQUIRED"),
                wrong({"to": "CANCELLED"}, "reason REQUIRED"),
                wrong({"to": "GONE"}, "to NOT_ONE_OF"),
            ),
        },
        defaults={"quantity": 1},
        walk=OrderWalk,
        never_null=frozenset({"assigneeIds", "quantity", "status", "tags", "metadata"}),
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
