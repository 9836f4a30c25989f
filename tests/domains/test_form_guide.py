"""The page of docs/forms.md does what it says: the form is created, and submits from a page without a script."""

import json
import re
from html.parser import HTMLParser

from tests.support.api import Org
from tests.support.forms import nobody, submitted
from tests.support.refusals import problem
from tests.support.repository import ROOT

GUIDE = (ROOT / "docs/forms.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The first block of a language in the guide."""
    found = re.search(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None, language
    return found[1]


class Page(HTMLParser):
    """The form of a page: where it is sent, and its controls by their names, with what they require."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action, self.method, self.scripts = "", "", 0
        self.controls: dict[str, dict[str, str | None]] = {}
        self.options: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a control."""
        given = dict(attrs)
        self.scripts += tag == "script"
        if tag == "form":
            self.action, self.method = given["action"] or "", given["method"] or ""
        if tag in ("input", "select", "textarea"):
            self.controls[given["name"] or ""] = given

    def handle_data(self, data: str) -> None:
        """Note an option."""
        if self.lasttag == "option" and data.strip():
            self.options.append(data.strip())


async def test_the_page_of_the_guide_submits_the_form_of_the_guide(acme: Org) -> None:
    command = block("sh")
    body = json.loads(command[command.index("-d '") + 4 : command.rindex("'")])
    form = (await acme.http.post("/api/v1/forms", json=body)).json()["data"]
    page = Page(block("html"))
    # Whatever the form has is on the page, as it is required there, and the field that nobody sees.
    assert {*page.controls} == {*form["jsonSchema"]["properties"], "_gotcha"}
    assert {name for name, each in page.controls.items() if "required" in each} == {*form["jsonSchema"]["required"]}
    assert (page.options, page.method, page.scripts) == (body["fields"][3]["options"], "post", 0)
    path = re.sub(r"^https://your-server\.example|form_…", lambda found: form["publicId"] if found[0][0] == "f" else "",
                  page.action)  # fmt: skip
    # What a browser sends: every text, also an empty one, what is chosen, and the boxes that are ticked.
    typed = {"name": "Ada Lovelace", "email": "ada@example.com", "budget": "1500.50", "message": "", "_gotcha": ""}
    sent = typed | {"services": ["Logo", "Video"], "terms": "on"}
    async with nobody(acme) as http:
        answer = await http.post(path, data=sent, headers={"Accept": "text/html,*/*;q=0.8"})
        assert (answer.status_code, "Thank you" in answer.text) == (200, True)
        without = {name: value for name, value in sent.items() if name != "terms"}
        refused = await http.post(path, data=without, headers={"Accept": "application/json"})
        problem(refused, 400, "BAD_INPUT", "body.terms")
    (kept,) = await submitted(acme, form)
    assert kept["data"] == {
        "name": "Ada Lovelace", "email": "ada@example.com", "budget": 1500.5, "services": ["Logo", "Video"],
        "terms": True,
    }  # fmt: skip
    client = (await acme.http.get(f"/api/v1/clients/{kept['clientId']}")).json()["data"]
    assert (client["name"], client["source"]) == ("Ada Lovelace", "Project request")
