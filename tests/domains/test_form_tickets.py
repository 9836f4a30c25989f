"""Tickets that submissions create: the client's question, in the submission's transaction."""

from typing import Any

from resolvers.forms.values import text_of
from tests.support.api import Org, new_client
from tests.support.forms import ADA, CLIENT, FIELDS, NEW, new_form, nobody, path_of, submitted
from tests.support.furnished import masked
from tests.support.refusals import error, problem, unchanged
from tests.support.tickets import new_ticket

BOTH = CLIENT | {"createTicket": True}
TICKET = """query($id: ID!) { submission(id: $id) { ticket {
  id subject status priority version waitingSince createdAt client { id }
  replies { nodes { author { kind name } body visibility } } } } }"""


async def _ticket(org: Org, submission: dict[str, Any]) -> Any:
    return (await org.data(TICKET, id=submission["publicId"]))["submission"]["ticket"]


async def test_a_submission_creates_a_ticket_of_the_new_client(acme: Org) -> None:
    form = await new_form(acme, onSubmit=BOTH)
    async with nobody(acme) as http:
        assert (
            await http.post(path_of(form), json=ADA | {"name": "Ada\nEmail: x", "likes": ["red", "blue"], "news": True})
        ).status_code == 201
    (kept,) = await submitted(acme, form)
    ticket = await _ticket(acme, kept)
    assert (ticket["id"], ticket["client"]) == (kept["ticketId"], {"id": kept["clientId"]})
    assert (ticket["subject"], ticket["status"], ticket["priority"], ticket["version"]) == (
        "Contact", "OPEN", "NORMAL", 1,
    )  # fmt: skip
    assert ticket["waitingSince"] == ticket["createdAt"]
    assert ticket["replies"]["nodes"] == [
        {
            "author": {"kind": "CLIENT", "name": "Ada Email: x"},
            "body": "Name: Ada\n  Email: x\nEmail: ada@example.com\nLikes: red, blue\nNews: yes",
            "visibility": "PUBLIC",
        }
    ]
    made = await acme.rows("select action, actor_kind, source from audit_entries where source = 'PUBLIC' order by id")
    assert [tuple(row) for row in made] == [
        (f"{name}:create", "PUBLIC", "PUBLIC") for name in ("client", "ticket", "reply", "submission")
    ]
    details = [row["type"] for row in await acme.rows("select type from events order by id")]
    assert details == ["client.created", "ticket.created", "ticket.replied", "form.submitted"]
    weak = acme.holding(await acme.new_key("forms:read"))
    assert error(await weak.graphql(TICKET, id=kept["publicId"]), 403, "FORBIDDEN")["scope"] == "tickets:read"


async def test_a_client_that_is_there_gets_the_ticket_and_the_answer_is_the_same(acme: Org) -> None:
    form = await new_form(acme, onSubmit=BOTH)
    client = await new_client(acme, name="Countess", email="ADA@example.com")
    async with nobody(acme) as http:
        known = await http.post(path_of(form), json=ADA)
        fresh = await http.post(path_of(form), json=ADA | {"email": "new@example.com"})
    assert masked(known.json()) == masked(fresh.json())
    assert (known.status_code, {*known.headers}) == (fresh.status_code, {*fresh.headers})
    ticket = await _ticket(acme, (await submitted(acme, form))[1])
    assert ticket["client"] == {"id": client["publicId"]}
    # Who asks is who was submitted, whatever the client is called.
    assert [each["author"]["name"] for each in ticket["replies"]["nodes"]] == ["Ada"]
    assert (await acme.http.get(f"/api/v1/clients/{client['publicId']}")).json()["data"] == client


async def test_client_ticket_and_submission_are_all_made_or_none_of_them(acme: Org) -> None:
    form = await new_form(acme, onSubmit=BOTH)
    await new_ticket(acme)
    # The number that the next ticket gets.
    await acme.rows("update tickets set number = number + 1")
    async with nobody(acme) as http:
        async with unchanged(acme):
            problem(await http.post(path_of(form), json=ADA), 500, "INTERNAL")
        assert (await http.post(path_of(form), json=ADA)).status_code == 201
    assert (await acme.count("clients"), await acme.count("tickets"), await acme.count("submissions")) == (1, 2, 1)


async def test_a_ticket_without_a_client_and_none_of_spam(acme: Org) -> None:
    fields = [field | {"required": False} for field in FIELDS]
    form = await new_form(acme, fields=fields, onSubmit={"createTicket": True})
    async with nobody(acme) as http:
        for sent in ({}, {"note": "x" * 20_000}, {"_gotcha": "x"}):
            assert (await http.post(path_of(form), json=sent)).status_code == 201
    long, empty = [await _ticket(acme, each) for each in await submitted(acme, form)]
    # Where nothing was said, nobody waits for an answer.
    assert (long["client"], empty) == (None, None)
    (reply,) = long["replies"]["nodes"]
    assert (len(reply["body"]), reply["author"]) == (20_000, {"kind": "CLIENT", "name": "public"})
    (spam,) = await submitted(acme, form, "?spam=true")
    assert (spam["ticketId"], await acme.count("tickets"), await acme.count("clients")) == (None, 1, 0)


async def test_submissions_are_found_by_their_ticket(acme: Org) -> None:
    form, plain = await new_form(acme, onSubmit=BOTH), await new_form(acme)
    async with nobody(acme) as http:
        for each in (form, plain):
            assert (await http.post(path_of(each), json=ADA)).status_code == 201
    (kept,) = await submitted(acme, form)
    text = "query($f: SubmissionFilter) { submissions(filter: $f) { nodes { ticketId } } }"
    for filter_, found in (
        ({"ticketId": {"eq": kept["ticketId"]}}, kept["ticketId"]),
        ({"ticketId": {"isNull": True}}, None),
        ({"ticket": {"status": {"eq": "OPEN"}}}, kept["ticketId"]),
    ):
        page = (await acme.data(text, f=filter_))["submissions"]["nodes"]
        assert [each["ticketId"] for each in page] == [found], filter_


def test_values_are_shown_with_the_labels_of_their_fields() -> None:
    data = {"news": False, "age": 20.5, "likes": ["red"], "note": "a\nb"}
    assert text_of(FIELDS, data) == "Age: 20.5\nLikes: red\nNews: no\nNote: a\n  b"


SET = "mutation($input: UpdateFormInput!) { updateForm(input: $input) { form { version } } }"


async def test_a_key_gives_a_form_only_actions_that_it_could_do_itself(acme: Org) -> None:
    form, strong = await new_form(acme), await new_form(acme, onSubmit=BOTH)
    weak = acme.holding(await acme.new_key("forms:write"))
    half = acme.holding(await acme.new_key("forms:write", "clients:write"))
    async with unchanged(acme):
        for org, given, name, scope in (
            (weak, CLIENT, "createClient", "clients:write"),
            (weak, {"createTicket": True}, "createTicket", "tickets:write"),
            (half, BOTH, "createTicket", "tickets:write"),
        ):
            details = problem(await org.http.post("/api/v1/forms", json=NEW | {"onSubmit": given}), 403, "FORBIDDEN",
                           f"body.onSubmit.{name}")  # fmt: skip
            assert details["scope"] == scope
            answer = await org.graphql(SET, input={"id": form["publicId"], "onSubmit": given})
            assert error(answer, 403, "FORBIDDEN", f"input.onSubmit.{name}")["scope"] == scope
        # Nor does it change what the actions of another key are about.
        answer = await weak.graphql(SET, input={"id": strong["publicId"], "onSubmit": {"nameField": None}})
        error(answer, 403, "FORBIDDEN", "input.onSubmit.createClient")
    await new_form(half, onSubmit=CLIENT)
    off = {"id": strong["publicId"], "onSubmit": {"createClient": False, "createTicket": False}}
    assert (await weak.data(SET, input=off))["updateForm"]["form"]["version"] == 2


async def test_what_a_form_does_already_needs_no_scope_of_who_changes_the_rest(acme: Org) -> None:
    form = await new_form(acme, onSubmit=BOTH)
    weak = acme.holding(await acme.new_key("forms:write"))
    # Nothing of it changes.
    for version, given in enumerate(({}, BOTH, {"createTicket": True}, {"emailField": "email"})):
        changed = await weak.data(SET, input={"id": form["publicId"], "onSubmit": given, "name": f"Form {version}"})
        assert changed["updateForm"]["form"]["version"] == version + 2
    # What is turned off asks for no scope, and what stays as it is neither.
    changed = await weak.data(SET, input={"id": form["publicId"], "onSubmit": {"createClient": False}})
    assert changed["updateForm"]["form"]["version"] == 6
    async with unchanged(acme):
        answer = await weak.graphql(SET, input={"id": form["publicId"], "onSubmit": {"createClient": True}})
        assert error(answer, 403, "FORBIDDEN", "input.onSubmit.createClient")["scope"] == "clients:write"
        answer = await weak.graphql(SET, input={"id": form["publicId"], "onSubmit": {"nameField": None}})
        assert error(answer, 403, "FORBIDDEN", "input.onSubmit.createTicket")["scope"] == "tickets:write"
