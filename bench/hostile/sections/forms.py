"""Submissions of a form whose patterns are the worst that it may have: what one takes of the processor."""

import random
from collections.abc import Callable
from typing import Any

import httpx

from bench.hostile.figures import Figure
from bench.hostile.reading import slowness
from bench.hostile.target import Target

SECTION = "Forms"
# What is measured is one submission, not how many an address may make.
SETTINGS = {"ANONYMOUS_BUCKET": "1000000"}

# Each is in more states after a character, the greater its number is.
PATTERNS: dict[str, Callable[[int], str]] = {
    "[ab]*(?:a?){n}[ab]{n}c": lambda number: f"[ab]*(?:a?){{{number}}}[ab]{{{number}}}c",
    "[ab]*a[ab]{n}": lambda number: f"[ab]*a[ab]{{{number}}}",
    "[ab]*[ab]{n}[ab]*a": lambda number: f"[ab]*[ab]{{{number}}}[ab]*a",
}
GREATEST, FIELDS, TIMES, MOST_MS = 4_096, 3, 5, 80.0
# The same each time, and nothing that a state could be kept for.
_CHOICES = random.Random(1)
TEXTS = ("a" * 20_000, "".join(_CHOICES.choices("ab", k=20_000)))


async def measure(server: Target) -> list[Figure]:
    """Each pattern as often repeated as a form takes it for three long texts."""
    org, found, slow = await server.organization(), [], slowness()
    async with server.client(org.key) as http, server.client() as public:
        for name, pattern in PATTERNS.items():
            path, number = await _worst(http, pattern)
            each = max([await _spent(server, public, path, text) for text in TEXTS]) / slow
            found.append(Figure(f"{FIELDS} × 20,000 characters, {name}, n = {number}", each, "ms", MOST_MS))
    return found


async def _spent(server: Target, public: httpx.AsyncClient, path: str, text: str) -> float:
    """Milliseconds of the processor for one submission with a text in each field."""
    with server.watching() as watched:
        for _ in range(TIMES):
            await public.post(path, json={f"f{place}": text for place in range(FIELDS)})
    return watched.cpu_s / TIMES * 1_000


async def _worst(http: httpx.AsyncClient, pattern: Callable[[int], str]) -> tuple[str, int]:
    """The path of a form with the pattern in each of its fields, and the greatest number that it takes."""
    taken, refused, path = 0, GREATEST, ""
    while taken < refused - 1:
        number = (taken + refused) // 2
        answer = await http.post("/api/v1/forms", json=_form(pattern(number)))
        if answer.status_code == httpx.codes.CREATED:
            taken, path = number, f"/api/forms/{answer.json()['data']['publicId']}/submit"
        else:
            refused = number
    return path, taken


def _form(pattern: str) -> dict[str, Any]:
    fields = [{"key": f"f{place}", "label": "Text", "type": "TEXTAREA", "pattern": pattern} for place in range(FIELDS)]
    return {"name": "Patterns", "status": "PUBLISHED", "fields": fields}
