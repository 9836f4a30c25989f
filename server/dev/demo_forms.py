"""The demo's forms: two that are published, with what clients and robots submitted, and one that orders answer."""

from datetime import datetime, timedelta
from typing import Any

from models.forms import FormField, FormFieldType, FormStatus
from models.orders import OrderStatus
from models.texts import caseless
from server.dev.demo_maker import Maker, Row

_T = FormFieldType


def _field(key: str, label: str, type_: FormFieldType, **more: Any) -> Row:
    whole = {name: each.default for name, each in FormField.model_fields.items()}
    return whole | {"key": key, "label": label, "type": type_.value, "options": []} | more


_WHO = [_field("name", "Your name", _T.TEXT, required=True), _field("email", "Email", _T.EMAIL, required=True)]
_FORMS: tuple[tuple[str, list[Row], int], ...] = (
    (
        "Project request",
        [*_WHO, _field("budget", "Budget in EUR", _T.NUMBER, min=100),
         _field("services", "Services", _T.MULTISELECT, options=["Logo", "Website", "Video"])],
        60,
    ),
    (
        "Feedback",
        [*_WHO, _field("rating", "Were you happy with us?", _T.SELECT, required=True, options=["yes", "mostly", "no"]),
         _field("comment", "Comment", _T.TEXTAREA)],
        40,
    ),
)  # fmt: skip
_ANSWERS: dict[str, list[Row]] = {
    "Project request": [
        {"budget": 2_500, "services": ["Logo"]},
        {"budget": 12_000, "services": ["Website", "Video"]},
        {"services": []},
    ],
    "Feedback": [
        {"rating": "yes", "comment": "Quick and friendly."},
        {"rating": "mostly"},
        {"rating": "no", "comment": "The second draft took too long."},
    ],
}


# The service with an intake form, its fields, and what clients answer.
_BRIEFED = "Website"
_BRIEF = [
    _field("pages", "Pages", _T.NUMBER, required=True, min=1, max=10),
    _field("deadline", "Deadline", _T.SELECT, required=True, options=["flexible", "fixed"]),
    _field("examples", "Websites that you like", _T.TEXTAREA),
]
_BRIEFS: tuple[Row, ...] = ({"pages": 5, "deadline": "flexible"}, {"pages": 10, "deadline": "fixed"})


def forms_of(make: Maker, clients: list[Row], start: datetime, end: datetime) -> tuple[list[Row], list[Row]]:
    """Return the forms and their submissions: one in ten is a robot's, all others are by clients that were there."""
    forms, submissions = [], []
    for index, (name, fields, number) in enumerate(_FORMS):
        actions = {"create_client": index == 0, "create_ticket": False, "name_field": "name", "email_field": "email"}
        form = make.row(
            start + timedelta(minutes=index), metadata={}, name=name, name_key=caseless(name), fields=fields,
            status=FormStatus.PUBLISHED, redirect_url=None, **actions,
        )  # fmt: skip
        forms.append(form)
        for moment in sorted(make.between(end - timedelta(days=90), end) for _ in range(number)):
            client, answers = make.random.choice(clients), make.random.choice(_ANSWERS[name])
            spam = make.random.random() < 0.1
            data = {"name": client["name"], "email": client["email"]} | answers
            if spam:
                data = {"name": "Best offers", "email": "robot@example.com", "_gotcha": "https://example.com"}
            known = client["id"] if actions["create_client"] and not spam else None
            submissions.append(
                make.row(
                    moment, form_id=form["id"], form_version=1, data=data, spam=spam, client_id=known, ticket_id=None
                )
            )
    return forms, submissions


def intake_form_of(make: Maker, services: list[Row], orders: list[Row], moment: datetime) -> Row:
    """Return the intake form that a service is given, and its orders answer: all that were submitted, half of the
    others."""
    form = make.row(
        moment, metadata={}, name="Website brief", name_key="website brief", fields=_BRIEF, status=FormStatus.DRAFT,
        redirect_url=None, create_client=False, create_ticket=False, name_field=None, email_field=None,
    )  # fmt: skip
    (service,) = [each for each in services if each["name"] == _BRIEFED]
    service["intake_form_id"] = form["id"]
    for order in orders:
        if order["service_id"] == service["id"] and (order["status"] != OrderStatus.PENDING or order["number"] % 2):
            order |= {"form_data": _BRIEFS[order["number"] % 2], "form_id": form["id"], "form_version": 1}
    return form
