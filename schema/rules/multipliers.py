"""How many objects a field may hold, from its arguments: what its cost is multiplied by."""

from collections.abc import Callable, Mapping
from typing import Any

from execution import INT_HIGH
from models.agents import MAX_TOOLS
from models.forms import MAX_FIELDS
from models.invoices import MAX_LINES, MAX_PAYMENTS
from models.orders import MAX_ASSIGNEES
from models.threads import MAX_ATTACHMENTS
from resolvers.lists.page_window import DEFAULT_PAGE
from resolvers.webhooks.deliveries import ATTEMPTS_KEPT

# The arguments that bound a connection.
PAGE = ("first", "last")
# A list that is no connection, such as a message's attachments, costs as much as so many objects.
MANY = 20
# What it may hold at most, by the type of its objects; for others it is as many as an invoice may have lines.
_MOST = {
    "AgentTool": MAX_TOOLS, "Attachment": MAX_ATTACHMENTS, "DeliveryAttempt": ATTEMPTS_KEPT, "FormField": MAX_FIELDS,
    "InvoicePayment": MAX_PAYMENTS, "Member": MAX_ASSIGNEES,
}  # fmt: skip


def most_of(type_name: str) -> int:
    """Return how many objects of a type a list that is no connection may hold."""
    return MANY if type_name.endswith("Transition") else _MOST.get(type_name, MAX_LINES)


def page_size(arguments: Mapping[str, Any]) -> int:
    """Return how many rows of a connection may be found."""
    asked = [arguments.get(name) for name in PAGE]
    # 100.0 is 100 to GraphQL.
    sizes = [int(size) for size in asked if isinstance(size, (int, float)) and 0 < size < INT_HIGH]
    return max(sizes) if sizes else DEFAULT_PAGE


def items_of(name: str) -> Callable[[Mapping[str, Any]], int]:
    """Return a function that counts the items of a list argument: a value that is not a list is a list of one."""

    def items(arguments: Mapping[str, Any]) -> int:
        found = arguments.get(name)
        return len(found) if isinstance(found, list) else 1

    return items
