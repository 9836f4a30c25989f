"""What the domains say of their routes: the files of ``domains``, with the text and an example of each operation.

The first heading of a file is the resource, with an example of its object; each other one is an operation. Examples
are fenced blocks: ``json body`` and ``text query`` are sent, ``json changes`` is what an operation
changes of the object beside its body, and ``json payload`` what of the mutation's payload is shown with it. Of a
file ``text name`` is its name, and ``text file`` what is in it: a last line ``…`` stands for the rest.
"""

import re
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).with_name("domains")
_HEADING = re.compile(r"^##? (\w+)$", re.MULTILINE)
_PARTS = ("object", "body", "query", "changes", "payload", "name", "file")
_EXAMPLE = re.compile(rf"^```(?:json|text) ({'|'.join(_PARTS)})\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


class Texts(dict[str, str]):
    """Texts by what they are of."""

    def __missing__(self, name: str) -> str:
        raise LookupError(f"{name} has no text: add a heading `## {name}` to the domain's file in rest_shim/domains")


def _read() -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    texts: dict[str, str] = {}
    examples: dict[str, dict[str, str]] = {part: {} for part in _PARTS}
    for path in sorted(FOLDER.glob("*.md")):
        parts = _HEADING.split(path.read_text(encoding="utf-8"))[1:]
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            if name in texts:
                raise ValueError(f"{name} is explained twice, in {path.name} too")
            for part, example in _EXAMPLE.findall(text):
                examples[part][name] = example
            texts[name] = _EXAMPLE.sub("", text).strip()
    return Texts({name: text for name, text in texts.items() if name not in examples["object"]}), examples


# The texts by their operations; the examples by what they are, then by the operation or the resource.
TEXTS: Mapping[str, str]
EXAMPLES: Mapping[str, Mapping[str, str]]
TEXTS, EXAMPLES = _read()
