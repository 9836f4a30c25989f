"""Filters on related rows, by how many rows match them."""

from bench.filters.ids import id_of

INVOICE = {
    "none": {"number": {"eq": "zzz"}},
    "few": {"number": {"eq": "2026-0000004"}},
    "some": {"status": {"eq": "UNCOLLECTIBLE"}},
    "many": {"status": {"eq": "PAID"}},
}
SUBSCRIPTION = {
    "none": {"id": {"eq": id_of("subscription", "subscriptions", 10**9)}},
    "few": {"id": {"eq": id_of("subscription", "subscriptions", 7)}},
    "some": {"status": {"eq": "PAUSED"}},
    "many": {"status": {"eq": "ACTIVE"}},
}
CLIENT = {
    "none": {"email": {"eq": "zzz"}},
    "few": {"email": {"eq": "client.7@example.org"}},
    "some": {"status": {"eq": "ARCHIVED"}},
    "many": {"status": {"eq": "ACTIVE"}},
}
SERVICE = {
    "none": {"name": {"eq": "zzz"}},
    "few": {"status": {"eq": "DRAFT"}},
    "many": {"status": {"eq": "ACTIVE"}},
}
ORDER = {
    "none": {"number": {"gt": 10**9}},
    "few": {"number": {"lte": 10}},
    "some": {"status": {"eq": "REVISION_REQUESTED"}},
    "many": {"status": {"eq": "COMPLETED"}},
}
MESSAGE = {"none": {"id": {"eq": id_of("msg", "messages", 10**9)}}, "some": {"authorKind": {"eq": "AGENT"}},
            "many": {"visibility": {"eq": "PUBLIC"}}}  # fmt: skip
TICKET = {
    "none": {"number": {"gt": 10**9}},
    "few": {"number": {"lte": 10}},
    "some": {"status": {"eq": "SPAM"}},
    "many": {"status": {"eq": "CLOSED"}},
}
REPLY = {"none": {"id": {"eq": id_of("reply", "replies", 10**9)}}, "some": {"authorKind": {"eq": "AGENT"}},
          "many": {"visibility": {"eq": "PUBLIC"}}}  # fmt: skip
MEMBER = {"none": {"email": {"eq": "zzz"}}, "few": {"status": {"eq": "SUSPENDED"}},
           "many": {"status": {"eq": "ACTIVE"}}}  # fmt: skip
FORM = {"none": {"name": {"eq": "zzz"}}, "few": {"status": {"eq": "DRAFT"}}, "many": {"status": {"eq": "PUBLISHED"}}}
SUBMISSION = {"none": {"id": {"eq": id_of("submission", "submissions", 10**9)}}, "few": {"spam": {"eq": True}},
               "many": {"spam": {"eq": False}}}  # fmt: skip
NESTED = {
    "few": {"client": {"orders": {"some": {"number": {"lte": 10}}}}},
    "many": {"client": {"orders": {"some": {"status": {"eq": "COMPLETED"}}}}},
}
AGENT_JOB = {
    "none": {"id": {"eq": id_of("job", "agent_jobs", 10**9)}},
    "some": {"status": {"eq": "CANCELLED"}},
    "many": {"status": {"eq": "SUCCEEDED"}},
}
AGENT_DEFINITION = {
    "none": {"name": {"eq": "zzz"}},
    "few": {"status": {"eq": "DRAFT"}},
    "many": {"status": {"eq": "ACTIVE"}},
}
