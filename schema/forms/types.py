"""Forms and their submissions in the graph: what can be read of them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from execution import ColumnReader
from models.clients import CLIENT
from models.forms import FORM, MACHINE, SUBMISSION, FormFieldType, FormStatus
from models.forms import Form as Table
from models.forms import FormField as FieldTable
from models.forms import Submission as SubmissionTable
from models.tickets import TICKET
from resolvers.clients import CLIENTS
from resolvers.forms import loaders
from resolvers.forms.collections import FORMS, SUBMISSIONS
from resolvers.forms.json_schema import schema_of
from resolvers.tickets.collections import TICKETS
from schema.declaration.collections import many, one, to_many, to_one
from schema.declaration.fields import (
    batched,
    computed,
    creation,
    member,
    object_type,
    public_id,
    related_id,
    same_row,
)
from schema.declaration.lists import Connection
from schema.declaration.nodes import Node
from schema.declaration.scalars import FormData, JsonSchema, StringMap
from schema.declaration.transitions import Transition, available_transitions

if TYPE_CHECKING:
    from schema.clients import Client
    from schema.tickets import Ticket


@object_type(resource=FORM, part_of=FieldTable)
class FormField:
    """A field of a form."""

    key: str = member("key")
    label: str = member("label")
    type: FormFieldType = member("type")
    required: bool = member("required")
    options: list[str] = member("options")
    min: float | None = member("min", null=True, convert=float)
    max: float | None = member("max", null=True, convert=float)
    pattern: str | None = member("pattern", null=True)
    help: str | None = member("help", null=True)


@object_type(resource=FORM, part_of=Table)
class OnSubmit:
    """The actions of a form on a submission that is not spam, in the same transaction."""

    create_client: bool = member("create_client")
    create_ticket: bool = member("create_ticket")
    name_field: str | None = member("name_field", null=True)
    email_field: str | None = member("email_field", null=True)


@object_type(Table, FORM, machine=MACHINE)
class Form(Node):
    """A form that the public fills in. Each change makes a version, which is kept."""

    id: strawberry.ID = public_id(FORM)
    name: str
    status: FormStatus
    fields: list[FormField]
    json_schema: JsonSchema = computed(
        lambda row: schema_of(row["name"], row["fields"]),
        "name",
        "fields",
        description="JSON Schema of a submission, made from the fields.",
    )
    redirect_url: str | None
    on_submit: OnSubmit = same_row("Actions of the form on a submission.", ColumnReader(same_row=True))
    metadata: StringMap
    created_at: datetime = creation()
    updated_at: datetime
    version: int
    available_transitions: list[Transition[FormStatus]] = available_transitions(MACHINE)
    submissions: Connection["Submission"] = to_many(SUBMISSIONS, "form_id", "Submissions of the form")


@object_type(SubmissionTable, SUBMISSION)
class Submission(Node):
    """A submission of a form. Submissions cannot be changed or deleted."""

    id: strawberry.ID = public_id(SUBMISSION)
    form_id: strawberry.ID = related_id(FORM, "form_id", "ID of the form.")
    form: Form = to_one(FORMS, "form_id", "The form as it is now.")
    form_version: int
    fields: list[FormField] = batched(
        loaders.fields_of,
        "form_id",
        "form_version",
        description="The fields of the form in the version that the submission answers.",
    )
    data: FormData
    spam: bool
    client_id: strawberry.ID | None = related_id(
        CLIENT,
        "client_id",
        "ID of the client with the submitted email address. Null when the form creates none.",
        null=True,
    )
    client: Annotated["Client", strawberry.lazy("schema.clients")] | None = to_one(
        CLIENTS,
        "client_id",
        "The client with the submitted email address. Null when the form creates none.",
        null=True,
    )
    ticket_id: strawberry.ID | None = related_id(
        TICKET, "ticket_id", "ID of the ticket that the submission created. Null when the form creates none.", null=True
    )
    ticket: Annotated["Ticket", strawberry.lazy("schema.tickets")] | None = to_one(
        TICKETS, "ticket_id", "The ticket that the submission created. Null when the form creates none.", null=True
    )
    submitted_at: datetime = creation("Time at which the form was submitted.")
    created_at: datetime = creation()
    updated_at: datetime
    version: int


@strawberry.type
class FormQuery:
    """Queries of forms."""

    form: Form | None = one(FORMS)
    forms: Connection[Form] | None = many(FORMS)
    submission: Submission | None = one(SUBMISSIONS)
    submissions: Connection[Submission] | None = many(SUBMISSIONS)
