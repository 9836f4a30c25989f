"""Every operation of the OpenAPI document says what it does and shows a request and an answer, files among them."""

import re
import shlex
from typing import Any

import orjson
import pytest

from models.currencies import minor_digits
from models.reports import ReportKind
from resolvers.audit.bundle import check
from resolvers.audit.chain import public_keys
from resolvers.downloads import DOWNLOADS
from resolvers.reports.catalogue import DEFINITIONS
from resolvers.reports.files import cell_of
from rest_shim.domain_texts import EXAMPLES
from rest_shim.examples import CHANGED
from server.database.migrated import NOT_MIGRATED
from tests.support import reports
from tests.support.api import Org
from tests.support.audit import SIGNING
from tests.support.audit_exports import ask, work
from tests.support.furnished import masked
from tests.support.invoices import changed, new_invoice
from tests.support.openapi import openapi

OPERATIONS = {
    f"{method} {path}": operation
    for path, methods in openapi()["paths"].items()
    for method, operation in methods.items()
}
FILES = EXAMPLES["file"]
_REST = "\n…"


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_what_it_does_and_shows_a_request_and_an_answer(name: str) -> None:
    method, path = name.split(" ")
    operation = OPERATIONS[name]
    assert len(operation["description"].split()) >= 12
    [sample] = operation["x-codeSamples"]
    words = shlex.split(sample["source"].replace("\\\n", " "))
    assert (sample["label"], words[0]) == ("curl", "curl")
    [url] = [word for word in words if word.startswith("$URL/")]
    assert re.fullmatch(re.sub(r"\{\w+\}", "[a-z_0-9]+", path), url.removeprefix("$URL").partition("?")[0])
    sent = words[words.index("-X") + 1] if "-X" in words else "POST" if "-d" in words else "GET"
    assert sent == method.upper()
    assert ("Authorization: Bearer $KEY" in words) == (operation["security"] != [])
    assert ("requestBody" in operation) == ("-d" in words)
    answers = {status: each.get("content", {}) for status, each in operation["responses"].items() if status[0] == "2"}
    if "204" in answers:
        # What a delete answers has nothing in it, and a dry run's is explained once, in the guide.
        assert answers["204"] == {}
        return
    shown = [media for content in answers.values() for kind, media in content.items() if kind != "text/html"]
    assert shown != []
    assert [media for media in shown if not media.get("example")] == []


def test_what_is_not_ready_says_what_to_do() -> None:
    content = OPERATIONS["get /api/ready"]["responses"]["503"]["content"]["application/json"]
    assert content["example"]["reason"] == NOT_MIGRATED


def test_the_example_of_a_bundle_is_one_that_its_public_key_checks() -> None:
    lines = f"{FILES['GetAuditExportFile']}\n".encode().splitlines(keepends=True)
    bundle = check(lines, public_keys(SIGNING), None, None)
    assert (bundle.failure, bundle.shown, bundle.erased) == (None, (4, 4), 0)


def test_the_example_of_rows_is_the_example_of_their_report() -> None:
    _, *lines = FILES["GetReportCsv"].splitlines()
    columns = DEFINITIONS[ReportKind.REVENUE].columns
    rows: list[dict[str, Any]] = CHANGED["GetReport"]["rows"]
    digits = minor_digits("EUR")
    assert lines == [",".join(cell_of(each, digits, row[each.key]) for each in columns) for row in rows]


async def test_the_example_of_a_file_is_what_is_sent(acme: Org) -> None:
    invoice = await new_invoice(acme)
    await changed(acme, invoice["publicId"], status="OPEN")
    report = await reports.computed(acme, "REVENUE", **{"from": "2026-01-01", "to": "2026-03-01"})
    export = await ask(acme, firstSequence=1, lastSequence=1)
    await work(acme)
    made = {"invoices": invoice["publicId"], "reports": report["publicId"], "exports": export["id"]}
    for path, download in DOWNLOADS.items():
        answer = await acme.http.get(path.replace("{publicId}", made[download.resource.path]), timeout=60)
        documented = openapi()["paths"][path]["get"]["responses"]["200"]["headers"]["Content-Disposition"]["example"]
        sent = re.sub(r"\d{4}-\d{6}", "2026-000001", answer.headers["content-disposition"])
        assert masked(sent) == masked(documented), path
        known = FILES[download.operation]
        if known.endswith(_REST):
            assert answer.content.startswith(known.removesuffix("…").encode()), path
        elif download.extension == "csv":
            assert answer.text.splitlines()[0] == known.splitlines()[0]
        else:
            # A key is a word of its own in each line.
            ours, theirs = ([*map(orjson.loads, text.splitlines())] for text in (known, answer.text))
            assert [line.keys() for line in (*ours[:2], ours[-1])] == [
                line.keys() for line in (*theirs[:2], theirs[-1])
            ]
