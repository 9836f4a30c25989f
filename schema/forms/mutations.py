"""Forms in the graph: how they are changed, and submitted."""

import strawberry

from models.forms import SUBMISSION, FormFieldType, FormStatus
from models.forms import Form as Table
from models.forms import FormField as FieldTable
from resolvers.forms import mutations
from resolvers.forms.submitting import submit
from schema.declaration.fields import Info, object_type, public_id
from schema.declaration.inputs import UpdateInput, input_type, values_of
from schema.declaration.mutations import creates, mutation, payload_of, updates
from schema.declaration.scalars import FormData, StringMap
from schema.forms.types import Form


@object_type()
class SubmissionReceipt:
    """Receipt of a submission that was accepted."""

    id: strawberry.ID = public_id(SUBMISSION)


@input_type(FieldTable)
class FormFieldInput:
    """A field of a form."""

    key: str
    label: str
    type: FormFieldType
    required: strawberry.Maybe[bool]
    options: strawberry.Maybe[list[str]]
    min: strawberry.Maybe[float | None]
    max: strawberry.Maybe[float | None]
    pattern: strawberry.Maybe[str | None]
    help: strawberry.Maybe[str | None]


@input_type(Table, clears=True)
class OnSubmitInput:
    """Actions of the form on a submission that is not spam, in the same transaction."""

    create_client: strawberry.Maybe[bool]
    create_ticket: strawberry.Maybe[bool]
    name_field: strawberry.Maybe[str | None]
    email_field: strawberry.Maybe[str | None]


ON_SUBMIT = "Actions of the form on a submission."


@input_type(Table)
class CreateFormInput:
    """Fields of the new form."""

    name: str
    fields: list[FormFieldInput]
    status: strawberry.Maybe[FormStatus]
    redirect_url: strawberry.Maybe[str | None]
    on_submit: strawberry.Maybe[OnSubmitInput] = strawberry.field(description=ON_SUBMIT)
    metadata: strawberry.Maybe[StringMap]


@input_type(Table, clears=True)
class UpdateFormInput(UpdateInput):
    """Fields of the form to change. The transition, if any, is made last."""

    name: strawberry.Maybe[str]
    fields: strawberry.Maybe[list[FormFieldInput]]
    redirect_url: strawberry.Maybe[str | None]
    on_submit: strawberry.Maybe[OnSubmitInput] = strawberry.field(description=ON_SUBMIT)
    metadata: strawberry.Maybe[StringMap]
    status: strawberry.Maybe[FormStatus] = strawberry.field(
        description="Status to move the form to, as with `transitionForm`."
    )


@input_type()
class TransitionFormInput(UpdateInput):
    """The transition to make."""

    to: FormStatus = strawberry.field(description="Status to move the form to.")


@input_type()
class SubmitFormInput:
    """The form to submit, and the values."""

    form_id: strawberry.ID = strawberry.field(description="ID of the form.")
    data: FormData = strawberry.field(
        description="The values by the keys of their fields. A value in `_gotcha`, a field that people do not see,"
        " makes the submission spam, with the same answer."
    )
    encoded: strawberry.Maybe[bool] = strawberry.field(
        description="Whether the values are as an HTML form sends them: strings, or a list of them for one that is"
        " repeated. An empty string is absent, numbers are read, and of a checkbox `on`, `true` and `1` are true,"
        " `false` and `0` false. `false` when absent."
    )


SubmitFormPayload = payload_of(
    "SubmitForm",
    submission=(SubmissionReceipt, "Receipt of the submission."),
    redirect_url=(str | None, "URL that the form sends browsers to afterwards, if it has one."),
    form_name=(str, "Name of the form."),
)


async def _submit(self: object, info: Info, input: SubmitFormInput) -> object:
    row, form = await submit(info.context, values_of(input))
    return SubmitFormPayload(submission=row, redirect_url=form["redirect_url"], form_name=form["name"])


_submit.__annotations__["return"] = SubmitFormPayload


@strawberry.type
class FormMutation:
    """Mutations of forms."""

    create_form = creates(Form, CreateFormInput, mutations.create, "Create a form.", check=mutations.check)
    update_form = updates(
        Form,
        UpdateFormInput,
        mutations.change,
        "Update a form, and move it to another status when one is given. Submissions stay with the version that they"
        " answer.",
        check=mutations.check,
    )
    transition_form = updates(Form, TransitionFormInput, mutations.transition, "Move a form to another status.")
    submit_form = mutation(
        SUBMISSION,
        "Submit a form that is `PUBLISHED`. Needs no API key: whoever calls acts as the public, in the form's"
        " organization. An address can submit a form 10 times at once, and then 10 times a minute.",
        public=True,
    )(_submit)
