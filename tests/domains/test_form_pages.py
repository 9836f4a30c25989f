"""The pages that a browser gets for an HTML form: thanks, what is wrong with which field, and when to come back."""

from models.forms import FormFieldType
from models.typeid import encode, new_uuid
from tests.support.api import Org
from tests.support.forms import ADA, FIELDS, new_form, nobody, path_of
from tests.support.refusals import problem, unchanged

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
HTML = "text/html; charset=utf-8"


async def test_what_an_html_form_is_answered(acme: Org) -> None:
    plain = await new_form(acme, name='<script>alert("x")</script> & Co')
    away = await new_form(acme, redirectUrl="HTTPS://müller.example/straße?a=b%20[1]#c|")
    async with nobody(acme) as http:
        page = await http.post(path_of(plain), data=ADA)
        assert "“&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; Co” was submitted" in page.text
        assert "<script" not in page.text
        moved = await http.post(path_of(away), data=ADA)
        assert (moved.status_code, moved.content) == (303, b"")
        assert moved.headers["location"] == "HTTPS://m%C3%BCller.example/stra%C3%9Fe?a=b%20[1]#c%7C"
        asked = await http.post(path_of(away), data=ADA, headers={"Accept": "application/json"})
        assert (asked.status_code, [*asked.json()]) == (201, ["data"])
        browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
        wrong = await http.post(path_of(plain), data={"name": "<b>", "<i>": "x"}, headers=browser)
        assert (wrong.status_code, wrong.headers["content-type"]) == (400, "text/html; charset=utf-8")
        assert "<li>Email: It is required.</li>" in wrong.text
        assert "<code>&lt;i&gt;</code>: There is no such field." in wrong.text
        assert "Go back, correct it" in wrong.text
        # Whoever names no media type gets pages, as for what is accepted.
        plainly = await http.post(path_of(plain), data={"name": "a"}, headers={"Accept": "*/*"})
        assert (plainly.status_code, plainly.headers["content-type"]) == (400, "text/html; charset=utf-8")
        gone = await http.post(f"/api/forms/{encode('form', new_uuid())}/submit", data=ADA, headers=browser)
        assert (gone.status_code, "There is no such form." in gone.text) == (404, True)
        assert "correct it" not in gone.text
        for each in (page, wrong, gone):
            policy = each.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; style-src 'sha256-")
            assert policy.endswith("base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
        assert moved.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_a_page_names_wrong_fields_by_their_labels(acme: Org) -> None:
    likes = FIELDS[3] | {"key": "l", "label": "What <you> & we like"}
    terms = {"key": "t", "label": "Terms", "type": FormFieldType.CONSENT, "required": True}
    form = await new_form(acme, fields=[*FIELDS[:3], likes, terms])
    sent = {"email": "ada@example.com", "age": "x", "l": ["red", "<b>"], "name.first": "x", "age.": "1"}
    async with nobody(acme) as http, unchanged(acme):
        page = await http.post(path_of(form), data=sent, headers=BROWSER)
        told = await http.post(path_of(form), data=sent, headers={"Accept": "application/json"})
    assert (page.status_code, page.headers["content-type"]) == (400, HTML)
    items = page.text.partition("<ul>")[2].partition("</ul>")[0]
    assert {item.removeprefix("<li>") for item in items.split("</li>") if item} == {
        "Name: It is required.", "Terms: It is required.", "Age: It must be a number.",
        "What &lt;you&gt; &amp; we like: It must be one of red, blue.",
        "<code>name.first</code>: There is no such field.", "<code>age.</code>: There is no such field.",
    }  # fmt: skip
    labels = {each["field"]: each.get("label") for each in told.json()["errors"]}
    assert labels == {
        "body.name": "Name", "body.t": "Terms", "body.age": "Age", "body.l.1": "What <you> & we like",
        "body.name.first": None, "body.age.": None,
    }  # fmt: skip


async def test_a_page_says_when_to_submit_again(acme: Org) -> None:
    form = await new_form(acme)
    async with nobody(acme) as http:
        for _ in range(10):
            assert (await http.post(path_of(form), data=ADA, headers=BROWSER)).status_code == 200
        async with unchanged(acme):
            page = await http.post(path_of(form), data={"name": "<script>x</script>", "<i>": "y"}, headers=BROWSER)
            told = await http.post(path_of(form), data=ADA, headers={"Accept": "application/json"})
    for each in (page, told):
        assert each.status_code == 429
        assert 1 <= int(each.headers["retry-after"]) <= 6
    problem(told, 429, "RATE_LIMITED")
    assert page.headers["content-type"] == HTML
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    content = page.text.partition("</style>")[2]
    assert content == (
        "<h1>The form was not submitted</h1><ul><li>The form was submitted too often from this address; retry later."
        "</li></ul><p>Wait a minute, go back and submit it again.</p></html>\n"
    )
