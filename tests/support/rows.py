"""Rows of shapes that no route has yet, over the graph that there is, and the operations that they need."""

import re
from collections.abc import Iterator

import pytest

from execution import parse_operation
from models.clients import CLIENT
from models.orders import ORDER
from models.webhooks import WEBHOOK
from rest_shim.route import Route, Shows
from schema.operations import OPERATIONS

DOCUMENT = """
query PublicState { health { status } }
query OneViewer { viewer { knownScopes key { name } } }
query OrderMessages($orderId: ID!, $first: Int, $after: String, $page: Int, $filter: MessageFilter,
    $orderBy: [MessageOrder!], $counted: Boolean!) {
  order(id: $orderId) {
    messages(first: $first, after: $after, page: $page, filter: $filter, orderBy: $orderBy) {
      nodes { publicId: id body } pageInfo { hasNextPage endCursor } totalCount @include(if: $counted)
    }
  }
}
mutation CancelOrder($id: ID!, $reason: String) {
  transitionOrder(input: {id: $id, to: CANCELLED, reason: $reason}) { order { publicId: id status version } }
}
mutation SetMetadata($id: ID!, $metadata: StringMap!) {
  updateClient(input: {id: $id, metadata: $metadata}) { client { publicId: id metadata version } }
}
query Undated($first: Int, $after: String, $page: Int, $filter: OrderFilter, $counted: Boolean!) {
  orders(first: $first, after: $after, page: $page, filter: $filter) {
    nodes { publicId: id } pageInfo { hasNextPage endCursor } totalCount @include(if: $counted)
  }
}
query Thread($orderId: ID!, $first: Int, $after: String, $page: Int, $counted: Boolean!) {
  order(id: $orderId) {
    messages(first: $first, after: $after, page: $page) {
      nodes { publicId: id } pageInfo { hasNextPage endCursor } totalCount @include(if: $counted)
    }
  }
}
mutation TouchClient($input: UpdateClientInput!) {
  updateClient(input: $input) { client { publicId: id company version } }
}
mutation TheClient($input: CreateClientInput!) { createClient(input: $input) { client { publicId: id name version } } }
mutation QueueClient($input: CreateClientInput!) { createClient(input: $input) { client { publicId: id } } }
mutation RemoveOrder($input: DeleteOrderInput!) { deleteOrder(input: $input) { deletedId } }
mutation TwoObjects($input: CreateClientInput!) {
  createClient(input: $input) { client { publicId: id } also: client { name } }
}
"""
NAMES = re.findall(r"^(?:query|mutation) (\w+)", DOCUMENT, re.MULTILINE)
ONE = "/api/v1/orders/{publicId}"
HOOK = "/api/v1/webhooks/{publicId}"
ACTION = Route(
    "POST", f"{ONE}/transition", "TransitionOrder", ORDER, "Transition an order",
    {"publicId": ("input", "id")}, body=("input",),
)  # fmt: skip
BARE_ACTION = Route(
    "POST", f"{HOOK}/rotate-secret", "RotateWebhookSecret", WEBHOOK, "Rotate a secret",
    {"publicId": ("input", "id")}, payload_fields=("secret",),
)  # fmt: skip
OPTIONAL = Route(
    "POST", "/api/v1/clients/{publicId}/touch", "TouchClient", CLIENT, "Touch a client",
    {"publicId": ("input", "id")}, body=("input",), optional=True,
)  # fmt: skip
SINGLETON = Route("GET", "/api/v1/viewer", "OneViewer", CLIENT, "Get the viewer")
MERGED_SINGLETON = Route("PUT", "/api/v1/the-client", "TheClient", CLIENT, "Update the client", body=("input",))
DELETE_WITH_PARAMETER = Route(
    "DELETE", f"{ONE}/now", "CancelOrder", ORDER, "Cancel an order", {"publicId": ("id",), "reason": ("reason",)}
)
DELETE_WITH_BODY = Route(
    "DELETE", f"{ONE}/deletion", "RemoveOrder", ORDER, "Delete an order", {"publicId": ("input", "id")},
    body=("input",), status=204, shows=Shows.NOTHING,
)  # fmt: skip
ACCEPTED = Route(
    "POST", "/api/v1/client-jobs", "QueueClient", CLIENT, "Queue a client",
    body=("input",), status=202, location="/api/v1/clients/{publicId}",
)  # fmt: skip
NESTED = Route(
    "GET", f"{ONE}/messages", "OrderMessages", ORDER, "List an order's messages",
    {"publicId": ("orderId",)}, shows=Shows.PAGE,
)  # fmt: skip
REQUIRED = Route("GET", "/api/v1/thread", "Thread", ORDER, "List a thread", {"orderId": ("orderId",)}, shows=Shows.PAGE)
YES_OR_NO = Route(
    "GET", "/api/v1/undated", "Undated", ORDER, "List undated orders",
    {"undated": ("filter", "dueAt", "isNull")}, shows=Shows.PAGE,
)  # fmt: skip
FREE_BODY = Route(
    "POST", "/api/v1/clients/{publicId}/submit", "SetMetadata", CLIENT, "Submit anything",
    {"publicId": ("id",)}, body=("metadata",),
)  # fmt: skip
PUBLIC = Route("GET", "/api/public/state", "PublicState", CLIENT, "Get the state", public=True)
MADE_UP = (
    *(ACTION, BARE_ACTION, OPTIONAL, SINGLETON, MERGED_SINGLETON, DELETE_WITH_PARAMETER, DELETE_WITH_BODY, ACCEPTED),
    *(NESTED, REQUIRED, YES_OR_NO, FREE_BODY, PUBLIC),
)


@pytest.fixture(scope="module")
def operations() -> Iterator[None]:
    """The operations of the rows, beside those that there are."""
    with pytest.MonkeyPatch.context() as patch:
        for name in NAMES:
            patch.setitem(OPERATIONS, name, parse_operation(DOCUMENT, name))
        yield
