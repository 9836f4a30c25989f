"""The texts of routes by domain: what a file says is found once, and every tag says what it is of."""

from pathlib import Path

import pytest

from rest_shim import domain_texts
from tests.support.openapi import openapi


def test_a_file_has_an_object_texts_and_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain_texts, "FOLDER", tmp_path)
    one = '# book\n\n```json object\n{"id": 1}\n```\n\n## GetBook\n\nOne.\n\n```sh\nls\n```\n'
    (tmp_path / "books.md").write_text(f"{one}\n## ListBooks\n\nAll.\n\n```text query\na=b\n```\n", encoding="utf-8")
    texts, examples = domain_texts._read()
    assert texts == {"GetBook": "One.\n\n```sh\nls\n```", "ListBooks": "All."}
    assert {part: found for part, found in examples.items() if found} == {
        "object": {"book": '{"id": 1}'},
        "query": {"ListBooks": "a=b"},
    }
    (tmp_path / "pages.md").write_text("# page\n\n## GetBook\n\nAgain.\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"GetBook is explained twice, in pages\.md too"):
        domain_texts._read()


def test_every_tag_is_described_and_used() -> None:
    api = openapi()
    used = {tag for methods in (*api["paths"].values(), *api["webhooks"].values()) for each in methods.values()
            for tag in each["tags"]}  # fmt: skip
    assert {tag["name"] for tag in api["tags"]} == used
    assert [tag["name"] for tag in api["tags"] if not tag["description"].endswith(".")] == []
