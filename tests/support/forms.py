"""Forms for tests, and the public that submits them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.support.api import Org

FIELDS: list[dict[str, Any]] = [
    {"key": "name", "label": "Name", "type": "TEXT", "required": True},
    {"key": "email", "label": "Email", "type": "EMAIL", "required": True},
    {"key": "age", "label": "Age", "type": "NUMBER", "min": 18, "max": 99.5},
    {"key": "likes", "label": "Likes", "type": "MULTISELECT", "options": ["red", "blue"]},
    {"key": "news", "label": "News", "type": "CHECKBOX"},
    {"key": "note", "label": "Note", "type": "TEXTAREA"},
]
NEW: dict[str, Any] = {"name": "Contact", "fields": FIELDS, "status": "PUBLISHED"}
CLIENT = {"createClient": True, "nameField": "name", "emailField": "email"}
ADA = {"name": "Ada", "email": "ada@example.com"}


async def new_form(org: Org, **given: Any) -> dict[str, Any]:
    """A PUBLISHED form over REST."""
    answer = await org.http.post("/api/v1/forms", json=NEW | given)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def path_of(form: dict[str, Any]) -> str:
    """The path that a form is submitted to."""
    return f"/api/forms/{form['publicId']}/submit"


@asynccontextmanager
async def nobody(org: Org) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key."""
    async with httpx.AsyncClient(base_url=org.http.base_url) as http:
        yield http


async def submitted(org: Org, form: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    """A form's submissions over REST, newest first."""
    answer = await org.http.get(f"/api/v1/forms/{form['publicId']}/submissions{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found
