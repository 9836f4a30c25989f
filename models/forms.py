"""Forms that the public fills in, each version of them, and the submissions that answer them."""

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import AfterValidator
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field, SQLModel

from models.base import TIMESTAMP, Owned, Versioned, WithMetadata, column, key_column, one_of, table_args, table_of
from models.enums import DescribedEnum
from models.machines import Machine, Row, Transition
from models.resources import Resource
from models.types import MAX_SAFE_INTEGER, PRINTED, Link, Moment, Name, SchemaExtra, ShortText, Text, printed

FORM = Resource(
    "form",
    actions=("transition",),
    description="The forms that the public fills in, with the JSON Schema of their submissions.",
)
SUBMISSION = Resource(
    "submission",
    scope=FORM.scope,
    description="The submissions of forms.",
    emits=FORM.singular,
    events={"submitted": "A form was submitted, and the submission is not spam; `data` is the submission."},
)
# The greatest number of bytes, as compact JSON, of a submission or an order's answers, and of a form's fields.
DATA_LIMIT = FIELDS_LIMIT = 64 * 1024
MAX_FIELDS, MAX_OPTIONS = 50, 100
# Each is compiled, and may take as much memory as all else of its form.
MAX_PATTERNS, MAX_PATTERN = 10, 200
# A field that people do not see, and that robots fill in.
HONEYPOT = "_gotcha"
KEY = r"^[A-Za-z][A-Za-z0-9_-]*$"


class FormStatus(DescribedEnum):
    """Status of a form."""

    DRAFT = "DRAFT", "Not published yet: it takes no submissions."
    PUBLISHED = "PUBLISHED", "Takes submissions."
    CLOSED = "CLOSED", "Takes no submissions any more, until it is published again."


class FormFieldType(DescribedEnum):
    """Type of a form's field."""

    TEXT = "TEXT", "A line of text: at most 200 characters."
    TEXTAREA = "TEXTAREA", "Text of several lines: at most 20,000 characters."
    EMAIL = "EMAIL", "An email address."
    PHONE = "PHONE", "A phone number: digits, spaces and `+ ( ) . / -`."
    URL = "URL", "A URL: `http` or `https`."
    NUMBER = "NUMBER", "A number."
    DATE = "DATE", "A date, such as `2026-11-25`."
    SELECT = "SELECT", "One of the `options`."
    MULTISELECT = "MULTISELECT", "A list of `options`, each at most once."
    CHECKBOX = "CHECKBOX", "`true` or `false`."
    CONSENT = "CONSENT", "`true` or `false`; `true` where it is required."
    HIDDEN = "HIDDEN", "Text that the page fills in: at most 200 characters."


def _no_effects(form: Row, made: Transition[FormStatus], moment: datetime, reason: str | None) -> dict[str, Any]:
    return {}


_S = FormStatus
MACHINE = Machine(
    FormStatus,
    Transition(_S.DRAFT, _S.PUBLISHED, "The form is published."),
    Transition(_S.PUBLISHED, _S.CLOSED, "The form is closed."),
    Transition(_S.CLOSED, _S.PUBLISHED, "The form is published again."),
    effects=_no_effects,
)


def _field_key(value: str) -> str:
    if not re.fullmatch(KEY, value):
        raise ValueError("must begin with a letter, and have letters, digits, hyphens and underscores only")
    return value


FieldKey = Annotated[str, Text, MinLen(1), MaxLen(40), AfterValidator(_field_key), SchemaExtra(pattern=KEY)]
Pattern = Annotated[str, MinLen(1), MaxLen(MAX_PATTERN), AfterValidator(printed), PRINTED]
NumberBound = Annotated[float, Ge(-MAX_SAFE_INTEGER), Le(MAX_SAFE_INTEGER)]
FormFields = Annotated[list[Any], MinLen(1), MaxLen(MAX_FIELDS)]


class FormField(SQLModel):
    """A field of a form, as the form's column keeps it."""

    key: FieldKey = Field(
        description="Name of the field in submissions, unique in the form: 1 to 40 letters, digits, `-` and `_`, the"
        " first one a letter."
    )
    label: Name = Field(description="Label of the field, for people: 1 to 200 characters.")
    type: FormFieldType = Field(description="Type of the field.")
    required: bool = Field(False, description="Whether a submission needs the field.")
    options: Annotated[list[Name], MaxLen(MAX_OPTIONS)] = Field(
        [], description="The options of a `SELECT` or `MULTISELECT`: 1 to 100. Other types have none."
    )
    min: NumberBound | None = Field(
        None,
        description="Least value of a `NUMBER`, number of characters of a `TEXT` or `TEXTAREA`, or number of options of"
        " a `MULTISELECT`. Other types have none.",
    )
    max: NumberBound | None = Field(None, description="Greatest value or number, as `min`.")
    pattern: Pattern | None = Field(
        None,
        description="Regular expression that the whole value must match, for types that are text: at most 200"
        " characters, with the syntax and meaning of ECMAScript with the flag `u`; without look-around,"
        " back-references, word boundaries (`\\b`, `\\B`) and control characters. At most 10 fields have one; the"
        " larger it is compiled, the shorter the field's `max` must be.",
    )
    help: ShortText | None = Field(None, description="Help for people who fill in the field: at most 200 characters.")


class Form(WithMetadata, table=True):
    """A form that the public fills in."""

    __tablename__ = "forms"
    __table_args__ = table_args(
        one_of("status", FormStatus),
        sa.CheckConstraint("not create_client or email_field is not null", name="create_client"),
        sa.Index("forms_status_idx", "org_id", "status", "id"),
        sa.Index("forms_name_idx", "org_id", "name_key", "id"),
        sa.Index("forms_updated_idx", "org_id", "updated_at", "id"),
        grants="SELECT, INSERT, UPDATE",
    )

    name: Name = column(sa.Text, description="Name of the form.")
    name_key: str = key_column("name")
    status: FormStatus = column(sa.Text, default=FormStatus.DRAFT, description="Status of the form.")
    fields: FormFields = column(pg.JSONB, info={"most": FIELDS_LIMIT}, description="The fields: 1 to 50, in order.")
    redirect_url: Link | None = column(
        sa.Text,
        nullable=True,
        description="URL that a browser is sent to after it has submitted an HTML form: `http` or `https`. Null: it"
        " gets a page that says thank you.",
    )
    create_client: bool = column(
        sa.Boolean,
        default=False,
        description="Whether a submission creates a client, if none has the email address. One that has it stays as it"
        " is. Needs an `emailField`, and `clients:write` of the key that sets it.",
        info={"logged_as": "onSubmit.createClient"},
    )
    create_ticket: bool = column(
        sa.Boolean,
        default=False,
        description="Whether a submission creates a ticket of its client: its subject is the name of the form, and its"
        " first reply has the values. One without values creates none. Needs `tickets:write` of the key that sets it.",
        info={"logged_as": "onSubmit.createTicket"},
    )
    name_field: FieldKey | None = column(
        sa.Text,
        nullable=True,
        description="Key of the `TEXT` field with the client's name. Null: it is the email address.",
        info={"logged_as": "onSubmit.nameField"},
    )
    email_field: FieldKey | None = column(
        sa.Text,
        nullable=True,
        description="Key of the `EMAIL` field with the client's email address.",
        info={"logged_as": "onSubmit.emailField"},
    )


class FormVersion(Owned, table=True):
    """A form as it was from one change to the next: what its submissions of that time answer. Immutable."""

    __tablename__ = "form_versions"
    __table_args__ = table_args(
        sa.ForeignKeyConstraint(["org_id", "form_id"], ["forms.org_id", "forms.id"]), grants="SELECT, INSERT"
    )

    form_id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    version: int = Field(primary_key=True, sa_type=sa.Integer, sa_column_kwargs={"autoincrement": False})
    name: Name = column(sa.Text)
    fields: list[Any] = column(pg.JSONB, info={"most": FIELDS_LIMIT})
    created_at: Moment = column(TIMESTAMP)


class Submission(Versioned, table=True):
    """One submission of a form. Append-only."""

    __tablename__ = "submissions"
    __table_args__ = table_args(
        sa.ForeignKeyConstraint(["org_id", "form_id"], ["forms.org_id", "forms.id"]),
        sa.ForeignKeyConstraint(["org_id", "client_id"], ["clients.org_id", "clients.id"]),
        sa.ForeignKeyConstraint(["org_id", "ticket_id"], ["tickets.org_id", "tickets.id"]),
        sa.Index("submissions_form_idx", "org_id", "form_id", "id"),
        sa.Index("submissions_client_idx", "org_id", "client_id", "id"),
        sa.Index("submissions_ticket_idx", "org_id", "ticket_id", "id"),
        sa.Index("submissions_spam_idx", "org_id", "spam", "id"),
        # What is spam is kept for a time only.
        grants="SELECT, INSERT, DELETE",
    )

    form_id: UUID = column(sa.Uuid, description="ID of the form.")
    form_version: int = column(sa.Integer, description="Version of the form whose fields the submission answers.")
    data: dict[str, Any] = column(
        pg.JSONB,
        info={"most": DATA_LIMIT},
        description="The values by the keys of their fields. Those of spam are as they were sent.",
    )
    spam: bool = column(
        sa.Boolean, description="Whether the submission is spam: it has a value in `_gotcha`, which people do not see."
    )
    client_id: UUID | None = column(
        sa.Uuid,
        nullable=True,
        description="ID of the client with the submitted email address, if the form creates one.",
    )
    ticket_id: UUID | None = column(
        sa.Uuid, nullable=True, description="ID of the ticket that the submission created, if the form creates one."
    )


forms = table_of(Form)
form_versions = table_of(FormVersion)
submissions = table_of(Submission)
