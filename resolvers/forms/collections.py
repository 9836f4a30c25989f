"""Forms and their submissions: what they can be filtered and sorted by."""

from models.clients import CLIENT
from models.forms import FORM, SUBMISSION, FormStatus, forms, submissions
from models.tickets import TICKET
from resolvers.collections.collection import (
    COMMON_SORT_FIELDS,
    CREATED,
    Collection,
    Relation,
    SortField,
    common_filters,
)
from resolvers.lists.conditions import boolean, created, enum, ids, text

FORMS = Collection(
    FORM,
    forms,
    searched=("name",),
    sort_fields=COMMON_SORT_FIELDS | {"NAME": SortField("name_key", str, "Name, without regard to case.")},
    filters={
        **common_filters(FORM),
        "status": enum("status", FormStatus),
        "name": text("name_key", "name"),
        "submissions": Relation("submissions", "the form's submissions", remote="form_id"),
    },
)
SUBMISSIONS = Collection(
    SUBMISSION,
    submissions,
    sort_fields={"CREATED_AT": CREATED},
    filters={
        "id": ids("id", SUBMISSION, "ID"),
        "form_id": ids("form_id", FORM, "the form's ID"),
        "client_id": ids("client_id", CLIENT, "the client's ID", nullable=True),
        "ticket_id": ids("ticket_id", TICKET, "the ticket's ID", nullable=True),
        "spam": boolean("spam", "whether it is spam"),
        "created_at": created(),
        "form": Relation("forms", "the form", "form_id"),
        "client": Relation("clients", "the client", "client_id"),
        "ticket": Relation("tickets", "the ticket", "ticket_id"),
    },
)
