"""Pages for a browser that has submitted an HTML form. They load nothing, and what they show is text."""

import base64
import hashlib
from collections.abc import Iterable
from html import escape

STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.55 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem;overflow-wrap:break-word}
code{font:14px/1.45 ui-monospace,monospace}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CSP = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_BODY = "body."
_ADVICE = {
    400: "<p>Go back, correct it and submit it again.</p>",
    429: "<p>Wait a minute, go back and submit it again.</p>",
}


def thanks_page(form_name: str) -> bytes:
    """Return the page for a form that names no URL to go to."""
    return _page("Thank you", f"<p>“{escape(form_name)}” was submitted.</p>")


def error_page(wrong: Iterable[tuple[str, str, str]], status: int) -> bytes:
    """Return the page for a form that was refused: the label of each wrong field, or else its place in the request,
    why, and what to do where something can be done."""
    items = "".join(f"<li>{_named(label, place)}{escape(message)}</li>" for label, place, message in wrong)
    return _page("The form was not submitted", f"<ul>{items}</ul>{_ADVICE.get(status, '')}")


def _named(label: str, place: str) -> str:
    if label:
        return f"{escape(label)}: "
    return f"<code>{escape(place.removeprefix(_BODY))}</code>: " if place.startswith(_BODY) else ""


def _page(title: str, content: str) -> bytes:
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
        f"<meta name=viewport content='width=device-width,initial-scale=1'><style>{STYLE}</style>"
        f"<h1>{title}</h1>{content}</html>\n"
    ).encode()
