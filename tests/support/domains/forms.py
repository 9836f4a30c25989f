"""Forms, and their submissions, which the public makes without a key."""

from collections.abc import Mapping
from typing import Any, ClassVar

from models.enums import DescribedEnum
from models.forms import MACHINE, FormFieldType, FormStatus
from tests.support.cases import FAR_AWAY, LONG_AGO, Case, Filter, times, wrong
from tests.support.walks import Walk

SHAPE = {
    "publicId": "str", "name": "str", "status": "str", "fields": "list", "jsonSchema": "dict", "redirectUrl": "?str",
    "onSubmit": "dict", "metadata": "dict", "createdAt": "str", "updatedAt": "str", "version": "int",
}  # fmt: skip
SUBMISSION = {
    "publicId": "str", "formId": "str", "formVersion": "int", "data": "dict", "spam": "bool", "clientId": "?str",
    "ticketId": "?str", "submittedAt": "str", "createdAt": "str", "updatedAt": "str", "version": "int",
}  # fmt: skip
NAME: dict[str, Any] = {"key": "name", "label": "Name", "type": "TEXT"}
EMAIL: dict[str, Any] = {"key": "email", "label": "Email", "type": "EMAIL"}
COLOUR: dict[str, Any] = {"key": "colour", "label": "Colour", "type": "SELECT", "options": ["red", "blue"]}
NEW: dict[str, Any] = {"name": "Contact", "fields": [NAME, EMAIL], "status": "PUBLISHED"}
STATUSES = ["DRAFT", "PUBLISHED", "CLOSED"]


def one(**given: Any) -> dict[str, Any]:
    """A form with one field of its own."""
    return NEW | {"fields": [NAME | given]}


WRONG_NEW = (
    wrong({}, "name REQUIRED", "fields REQUIRED"),
    wrong(NEW | {"name": " ", "fields": []}, "name TOO_SHORT", "fields TOO_SHORT", limit=1),
    wrong(NEW | {"fields": [NAME | {"key": f"k{n}"} for n in range(51)]}, "fields TOO_LONG", limit=50),
    wrong(NEW | {"fields": NAME}, "fields WRONG_TYPE", rest=True),
    wrong(NEW | {"fields": [NAME, EMAIL, NAME | {"label": "Again"}]}, "fields.2.key NOT_ALLOWED"),
    wrong(one(key="1st"), "fields.0.key INVALID_FORMAT"),
    wrong(one(key="_gotcha"), "fields.0.key INVALID_FORMAT"),
    wrong(one(key="$ref"), "fields.0.key INVALID_FORMAT"),
    wrong(one(key="x" * 41), "fields.0.key TOO_LONG", limit=40),
    wrong(one(key="", label=" "), "fields.0.key TOO_SHORT", "fields.0.label TOO_SHORT", limit=1),
    wrong(one(label="a\x07", help="\x1b"), "fields.0.label INVALID_FORMAT", "fields.0.help INVALID_FORMAT"),
    wrong(one(type="FILE"), "fields.0.type NOT_ONE_OF", allowed=[*FormFieldType]),
    wrong(one(size=5), "fields.0.size UNKNOWN_FIELD"),
    wrong(one(type="SELECT"), "fields.0.options REQUIRED"),
    wrong(one(options=["a"]), "fields.0.options NOT_ALLOWED"),
    wrong(one(type="SELECT", options=["a", "b", "a"]), "fields.0.options.2 NOT_ALLOWED"),
    wrong(one(type="SELECT", options=["a", ""]), "fields.0.options.1 TOO_SHORT", limit=1),
    wrong(one(type="SELECT", options=[str(n) for n in range(101)]), "fields.0.options TOO_LONG", limit=100),
    wrong(one(type="DATE", min=1, max=2), "fields.0.min NOT_ALLOWED", "fields.0.max NOT_ALLOWED"),
    wrong(one(min=-1), "fields.0.min NOT_ALLOWED", minimum=0, maximum=200),
    wrong(one(max=201), "fields.0.max NOT_ALLOWED", minimum=0, maximum=200),
    wrong(one(min=1.5), "fields.0.min NOT_ALLOWED", minimum=0, maximum=200),
    wrong(one(min=5, max=4), "fields.0.max NOT_ALLOWED", minimum=5),
    wrong(one(type="NUMBER", min=2.5, max=-1), "fields.0.max NOT_ALLOWED", minimum=2.5),
    wrong(one(type="NUMBER", max=1e300), "fields.0.max OUT_OF_RANGE", maximum=2**53 - 1),
    wrong(one(type="MULTISELECT", options=["a"], min=2), "fields.0.min NOT_ALLOWED", minimum=0, maximum=1),
    wrong(one(type="NUMBER", pattern="x"), "fields.0.pattern NOT_ALLOWED"),
    wrong(one(pattern="x" * 201), "fields.0.pattern TOO_LONG", limit=200),
    *(
        wrong(one(pattern=pattern), "fields.0.pattern INVALID_FORMAT")
        for pattern in ("(", ")(", "(?=a)", "(?<!a)b", r"(a)\1", r"\bx", r"a\B", "(?x) a # ", "[z-a]")
    ),
    wrong(one(pattern=r"\p{L}{1000}"), "fields.0.pattern TOO_LONG", limit=65_536),
    wrong(NEW | {"fields": [NAME | {"key": f"k{n}", "pattern": "x"} for n in range(11)]},
          "fields.10.pattern TOO_LONG", limit=10),
    wrong(NEW | {"fields": [COLOUR | {"key": f"k{n}", "options": [f"{n}{'é' * 195}" for n in range(10)]}
                            for n in range(50)]}, "fields TOO_LONG", limit=65_536),
    wrong(NEW | {"redirectUrl": "javascript:alert(1)"}, "redirectUrl INVALID_FORMAT"),
    wrong(NEW | {"redirectUrl": "https://example.com/\r\nSet-Cookie: a=b"}, "redirectUrl INVALID_FORMAT"),
    wrong(NEW | {"redirectUrl": "/thanks"}, "redirectUrl INVALID_FORMAT"),
    wrong(NEW | {"status": "OPEN"}, "status NOT_ONE_OF", allowed=STATUSES),
    wrong(NEW | {"onSubmit": {"createClient": True}}, "onSubmit.emailField REQUIRED"),
    wrong(NEW | {"onSubmit": {"nameField": "email", "emailField": "name"}},
          "onSubmit.nameField NOT_FOUND", "onSubmit.emailField NOT_FOUND"),
    wrong(NEW | {"onSubmit": {"emailField": "$"}}, "onSubmit.emailField INVALID_FORMAT"),
    wrong(NEW | {"onSubmit": {"createClient": None}}, "onSubmit.createClient REQUIRED"),
)  # fmt: skip
MOVE = "mutation($input: TransitionFormInput!) { transitionForm(input: $input) { form { id } } }"


class FormWalk(Walk):
    """A form, which is moved through the graph alone; the first one is published."""

    machine = MACHINE
    field = "input.to"
    elsewhere: ClassVar = {FormStatus.DRAFT: "It is published when it is made, and no transition leads back."}

    async def begin(self) -> None:
        self.status = FormStatus.PUBLISHED

    async def ask(self, to: DescribedEnum, given: Mapping[str, Any]) -> dict[str, Any] | None:
        answer = (await self.org.graphql(MOVE, input={"id": self.key, "to": to, **given})).json()
        found: dict[str, Any] | None = answer["errors"][0]["extensions"] if "errors" in answer else None
        return found


CASES = (
    Case(
        name="form",
        plural="forms",
        type="Form",
        scope="forms",
        table="forms",
        statements={"ListForms": 2, "GetForm": 1, "CreateForm": 3, "UpdateForm": 3, "TransitionForm": 3},
        walk=FormWalk,
        rows=(NEW, {"name": "Feedback", "fields": [NAME, COLOUR]}),
        create=NEW | {"redirectUrl": "https://example.com/thanks", "metadata": {"site": "a"}},
        mutations={
            "updateForm": {
                "name": "Contact us",
                "fields": [NAME, EMAIL, COLOUR],
                "status": "CLOSED",
                "onSubmit": {"createClient": True, "emailField": "email"},
            },
            "transitionForm": {"to": "CLOSED"},
        },
        wrong={
            "createForm": WRONG_NEW,
            "updateForm": (
                wrong({"name": None, "fields": None}, "name REQUIRED", "fields REQUIRED"),
                wrong({"fields": [NAME, NAME]}, "fields.1.key NOT_ALLOWED"),
                wrong({"onSubmit": {"createClient": True}}, "onSubmit.emailField REQUIRED"),
                wrong({"status": "OPEN"}, "status NOT_ONE_OF", allowed=STATUSES),
            ),
            "transitionForm": (wrong({}, "to REQUIRED"), wrong({"to": "OPEN"}, "to NOT_ONE_OF", allowed=STATUSES)),
        },
        defaults={"status": "DRAFT"},
        never_null=frozenset({"name", "fields", "metadata", "onSubmit", "status"}),
        routes={
            "GET /api/v1/forms": "ListForms",
            "POST /api/v1/forms": "CreateForm",
            "GET /api/v1/forms/{publicId}": "GetForm",
        },
        shape=SHAPE,
        filters=(
            Filter("ids", "{form}", {"id": {"in": ["{form}"]}}, 1),
            Filter("status", "DRAFT,CLOSED", {"status": {"in": ["DRAFT", "CLOSED"]}}, 1),
            Filter("search", "cont", {"search": "cont"}, 1),
            *times(2),
        ),
    ),
    Case(
        name="submission",
        plural="submissions",
        type="Submission",
        scope="forms",
        table="submissions",
        public="submitForm",
        statements={"ListSubmissions": 3, "GetSubmission": 1, "SubmitForm": 4},
        rows=({"data": {"name": "Ada"}}, {"data": {"name": "Robot", "_gotcha": "x"}}),
        create={"data": {"name": "Zoë", "email": "zoe@example.com"}},
        references={"formId": "form"},
        mutations={},
        wrong={},
        routes={
            "GET /api/v1/forms/{publicId}/submissions": "ListSubmissions",
            "POST /api/forms/{formPublicId}/submit": "SubmitForm",
        },
        shape=SUBMISSION,
        filters=(
            Filter("ids", "{submission}", {"id": {"in": ["{submission}"]}}, 1),
            Filter("spam", "true", {"spam": {"eq": True}}, 1),
            Filter("clientId", "{client}", {"clientId": {"eq": "{client}"}}, 0),
            Filter("createdAfter", LONG_AGO, {"createdAt": {"gt": LONG_AGO}}, 1),
            Filter("createdBefore", FAR_AWAY, {"createdAt": {"lt": FAR_AWAY}}, 1),
        ),
    ),
)
