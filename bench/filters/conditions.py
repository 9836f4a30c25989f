"""The conditions of each list's filter, with values that match no row, few rows and most of them."""

from bench.filters.data import Size, id_of
from bench.filters.values import NULL, TAGS, Values, of_enum, of_id, of_number, of_search, of_text, of_time

_INVOICE = {
    "none": {"number": {"eq": "zzz"}},
    "few": {"number": {"eq": "2026-0000004"}},
    "some": {"status": {"eq": "UNCOLLECTIBLE"}},
    "many": {"status": {"eq": "PAID"}},
}
_SUBSCRIPTION = {
    "none": {"id": {"eq": id_of("subscription", "subscriptions", 10**9)}},
    "few": {"id": {"eq": id_of("subscription", "subscriptions", 7)}},
    "some": {"status": {"eq": "PAUSED"}},
    "many": {"status": {"eq": "ACTIVE"}},
}
_CLIENT = {
    "none": {"email": {"eq": "zzz"}},
    "few": {"email": {"eq": "client.7@example.org"}},
    "some": {"status": {"eq": "ARCHIVED"}},
    "many": {"status": {"eq": "ACTIVE"}},
}
_SERVICE = {
    "none": {"name": {"eq": "zzz"}},
    "few": {"status": {"eq": "DRAFT"}},
    "many": {"status": {"eq": "ACTIVE"}},
}
_ORDER = {
    "none": {"number": {"gt": 10**9}},
    "few": {"number": {"lte": 10}},
    "some": {"status": {"eq": "REVISION_REQUESTED"}},
    "many": {"status": {"eq": "COMPLETED"}},
}
_MESSAGE = {"none": {"id": {"eq": id_of("msg", "messages", 10**9)}}, "some": {"authorKind": {"eq": "AGENT"}},
            "many": {"visibility": {"eq": "PUBLIC"}}}  # fmt: skip
_TICKET = {
    "none": {"number": {"gt": 10**9}},
    "few": {"number": {"lte": 10}},
    "some": {"status": {"eq": "SPAM"}},
    "many": {"status": {"eq": "CLOSED"}},
}
_REPLY = {"none": {"id": {"eq": id_of("reply", "replies", 10**9)}}, "some": {"authorKind": {"eq": "AGENT"}},
          "many": {"visibility": {"eq": "PUBLIC"}}}  # fmt: skip
_MEMBER = {"none": {"email": {"eq": "zzz"}}, "few": {"status": {"eq": "SUSPENDED"}},
           "many": {"status": {"eq": "ACTIVE"}}}  # fmt: skip
_FORM = {"none": {"name": {"eq": "zzz"}}, "few": {"status": {"eq": "DRAFT"}}, "many": {"status": {"eq": "PUBLISHED"}}}
_SUBMISSION = {"none": {"id": {"eq": id_of("submission", "submissions", 10**9)}}, "few": {"spam": {"eq": True}},
               "many": {"spam": {"eq": False}}}  # fmt: skip
_NESTED = {
    "few": {"client": {"orders": {"some": {"number": {"lte": 10}}}}},
    "many": {"client": {"orders": {"some": {"status": {"eq": "COMPLETED"}}}}},
}


def conditions(size: Size) -> dict[str, dict[str, dict[str, Values]]]:
    """For each list, each field of its filter, each operator: the values."""
    return {
        "members": {
            "search": of_search("nothing", "57", "member"),
            "id": of_id("member", "members"),
            "name": of_text("member 77", "member"),
            "email": of_text("member.7@example.org", "member."),
            "role": of_enum(None, "OWNER", "STAFF"),
            "status": of_enum(None, "SUSPENDED", "ACTIVE"),
            "createdAt": of_time("milliseconds", size.members),
            "updatedAt": of_time("seconds", size.members),
        },
        "api_keys": {
            "id": of_id("apikey", "api_keys"),
            "status": of_enum(None, "REVOKED", "ACTIVE"),
            "createdAt": of_time("milliseconds", size.api_keys),
            "updatedAt": of_time("seconds", size.api_keys),
        },
        "clients": {
            "search": of_search("nothing", "57", "client"),
            "id": of_id("client", "clients"),
            "name": of_text("client 77", "client"),
            "email": of_text("client.7@example.org", "client."),
            "status": of_enum(None, "ARCHIVED", "ACTIVE"),
            "tags": TAGS,
            "createdAt": of_time("milliseconds", size.clients),
            "updatedAt": of_time("seconds", size.clients),
            "orders": {"some": _ORDER, "none": _ORDER | {"none": {}}},
            "invoices": {"some": _INVOICE, "none": _INVOICE},
            "tickets": {"some": _TICKET, "none": _TICKET},
            "subscriptions": {"some": _SUBSCRIPTION, "none": _SUBSCRIPTION},
        },
        "services": {
            "search": of_search("nothing", "57", "service"),
            "id": of_id("service", "services"),
            "name": of_text("service 7", "service"),
            "status": of_enum(None, "DRAFT", "ACTIVE"),
            "intakeFormId": of_id("form", "forms") | NULL,
            "intakeForm": {"": _FORM},
            "price": of_number(100, size.services * 100),
            "tags": {"has": {"none": "nothing", "many": "vip"}, "hasAny": {"many": ["vip"]}},
            "createdAt": of_time("milliseconds", size.services),
            "updatedAt": of_time("seconds", size.services),
            "orders": {"some": _ORDER, "none": _ORDER},
            "subscriptions": {"some": _SUBSCRIPTION, "none": _SUBSCRIPTION},
        },
        "orders": {
            "search": of_search("nothing", "77777", "1"),
            "id": of_id("order", "orders"),
            "clientId": of_id("client", "clients"),
            "serviceId": of_id("service", "services"),
            "number": of_number(1, size.orders),
            "status": of_enum("CANCELLED", "REVISION_REQUESTED", "COMPLETED"),
            "total": of_number(0, 1_000_002),
            "dueAt": of_time("seconds", 1_000_003) | NULL,
            "tags": TAGS,
            "createdAt": of_time("milliseconds", size.orders),
            "updatedAt": of_time("seconds", size.orders),
            "client": {"": _CLIENT},
            "service": {"": _SERVICE},
            "messages": {"some": _MESSAGE, "none": _MESSAGE},
            "invoices": {"some": _INVOICE, "none": _INVOICE},
            "tickets": {"some": _TICKET, "none": _TICKET},
            "and": {"": {
                "two": [{"client": _CLIENT["many"]}, {"service": _SERVICE["many"]}],
                "nested": [_NESTED["few"]],
                "deep": [_NESTED["many"]],
                "mixed": [{"client": _CLIENT["few"]}, {"status": {"eq": "COMPLETED"}}],
            }},
            "or": {"": {
                "few": [{"client": _CLIENT["few"]}, {"number": {"eq": 7}}],
                "many": [{"client": _CLIENT["many"]}, {"service": _SERVICE["few"]}],
            }},
            "not": {"": {"many": {"client": _CLIENT["few"]}, "few": {"client": {"status": {"notIn": ["ARCHIVED"]}}}}},
        },
        "invoices": {
            "search": of_search("nothing", "0000057", "2026"),
            "id": of_id("invoice", "invoices"),
            "number": of_text("2026-0000057", "2026"),
            "clientId": of_id("client", "clients"),
            "orderId": of_id("order", "orders") | NULL,
            "subscriptionId": of_id("subscription", "subscriptions") | NULL,
            "status": of_enum("VOID", "UNCOLLECTIBLE", "PAID"),
            "total": of_number(0, 1_000_002),
            "issuedAt": of_time("seconds", size.invoices) | NULL,
            "dueAt": of_time("seconds", size.invoices) | NULL,
            "overdue": {"eq": {"few": True, "many": False}},
            "createdAt": of_time("milliseconds", size.invoices),
            "updatedAt": of_time("seconds", size.invoices),
            "client": {"": _CLIENT},
            "order": {"": _ORDER},
            "subscription": {"": _SUBSCRIPTION},
        },
        "subscriptions": {
            "id": of_id("subscription", "subscriptions"),
            "clientId": of_id("client", "clients"),
            "serviceId": of_id("service", "services"),
            "status": of_enum("PAST_DUE", "PAUSED", "ACTIVE"),
            "createdAt": of_time("milliseconds", size.subscriptions),
            "updatedAt": of_time("seconds", size.subscriptions),
            "client": {"": _CLIENT},
            "service": {"": _SERVICE},
            "invoices": {"some": _INVOICE, "none": _INVOICE},
        },
        "messages": {
            "id": of_id("msg", "messages"),
            "orderId": of_id("order", "orders"),
            "authorKind": of_enum("SYSTEM", "AGENT", "STAFF"),
            "visibility": of_enum(None, "INTERNAL", "PUBLIC"),
            "createdAt": of_time("milliseconds", size.messages),
            "order": {"": _ORDER},
        },
        "tickets": {
            "search": of_search("nothing", "77777", "ticket"),
            "id": of_id("ticket", "tickets"),
            "clientId": of_id("client", "clients") | {"isNull": {"few": True, "many": False}},
            "orderId": of_id("order", "orders") | NULL,
            "assigneeId": of_id("member", "members") | NULL,
            "number": of_number(1, size.tickets),
            "status": of_enum("SNOOZED", "SPAM", "CLOSED"),
            "priority": of_enum("LOW", "URGENT", "NORMAL"),
            "breached": {"eq": {"few": True, "many": False}},
            "tags": TAGS,
            "waitingSince": of_time("seconds", 1_000_003) | NULL,
            "createdAt": of_time("milliseconds", size.tickets),
            "updatedAt": of_time("seconds", size.tickets),
            "client": {"": _CLIENT},
            "order": {"": _ORDER},
            "assignee": {"": _MEMBER},
            "replies": {"some": _REPLY, "none": _REPLY},
        },
        "replies": {
            "id": of_id("reply", "replies"),
            "ticketId": of_id("ticket", "tickets"),
            "authorKind": of_enum("SYSTEM", "AGENT", "STAFF"),
            "visibility": of_enum(None, "INTERNAL", "PUBLIC"),
            "createdAt": of_time("milliseconds", size.replies),
            "ticket": {"": _TICKET},
        },
        "forms": {
            "search": of_search("nothing", "57", "form"),
            "id": of_id("form", "forms"),
            "name": of_text("form 77", "form"),
            "status": of_enum(None, "DRAFT", "PUBLISHED"),
            "createdAt": of_time("milliseconds", size.forms),
            "updatedAt": of_time("seconds", size.forms),
            "submissions": {"some": _SUBMISSION, "none": _SUBMISSION},
        },
        "submissions": {
            "id": of_id("submission", "submissions"),
            "formId": of_id("form", "forms"),
            "clientId": of_id("client", "clients") | {"isNull": {"few": True, "many": False}},
            "ticketId": of_id("ticket", "tickets") | NULL,
            "spam": {"eq": {"few": True, "many": False}},
            "createdAt": of_time("milliseconds", size.submissions),
            "form": {"": _FORM},
            "client": {"": _CLIENT},
            "ticket": {"": _TICKET},
        },
        "deliveries": {
            "id": of_id("delivery", "deliveries"),
            "status": of_enum("PENDING", "FAILED", "SUCCEEDED"),
            "createdAt": of_time("milliseconds", size.deliveries),
        },
        "webhooks": {
            "id": of_id("webhook", "endpoints"),
            "status": of_enum(None, "DISABLED", "ENABLED"),
            "createdAt": of_time("milliseconds", 20),
            "updatedAt": of_time("seconds", 20),
        },
    }  # fmt: skip
