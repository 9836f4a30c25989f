"""One rule of email addresses: a form takes what a client and a member may have, and nothing else."""

import httpx

from tests.support.api import Org
from tests.support.emails import EMAILS, NO_EMAILS, TOO_LONG
from tests.support.forms import CLIENT, FIELDS, new_form, nobody, path_of
from tests.support.refusals import problem, unchanged

# An address submits each form so often.
TURNS = 10
MEMBER = "mutation($i: CreateMemberInput!) { createMember(input: $i) { member { email } } }"
REFUSED = [*((address, "INVALID_FORMAT") for address in NO_EMAILS), (TOO_LONG, "TOO_LONG")]


def _code(answer: httpx.Response) -> str:
    (told,) = problem(answer, 400, "BAD_INPUT", "body.email")["errors"]
    code: str = told["code"]
    return code


async def test_a_client_and_a_member_take_the_same_addresses(acme: Org) -> None:
    for address in EMAILS:
        made = await acme.http.post("/api/v1/clients", json={"name": "Ada", "email": address})
        assert (made.status_code, made.json()["data"]["email"]) == (201, address.strip())
        member = await acme.data(MEMBER, i={"name": "Ada", "email": address, "role": "STAFF"})
        assert member["createMember"]["member"]["email"] == address.strip()
    async with unchanged(acme):
        for address, code in REFUSED:
            assert _code(await acme.http.post("/api/v1/clients", json={"name": "Ada", "email": address})) == code
            graph = await acme.graphql(MEMBER, i={"name": "Ada", "email": address, "role": "STAFF"})
            (told,) = graph.json()["errors"]
            assert (told["extensions"]["field"], told["extensions"]["reason"]) == ("input.email", code), address


async def test_a_submission_takes_the_addresses_that_a_client_takes(acme: Org) -> None:
    sent = [*((address, "") for address in EMAILS), *REFUSED]
    async with nobody(acme) as http:
        for start in range(0, len(sent), TURNS):
            form = await new_form(acme, fields=[FIELDS[1]], onSubmit=CLIENT | {"nameField": None})
            for address, code in sent[start : start + TURNS]:
                answer = await http.post(path_of(form), json={"email": address})
                if not code:
                    assert answer.status_code == 201, address
                elif "\x00" in address:
                    # No text of a submission has it: it is refused before the form is known, where it stands.
                    problem(answer, 400, "BAD_INPUT", "body.email")
                else:
                    assert _code(answer) == code, address
    rows = await acme.rows("select email from clients order by id")
    assert [row["email"] for row in rows] == [address.strip() for address in EMAILS]
    assert await acme.count("submissions") == len(EMAILS)
