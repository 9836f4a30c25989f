"""What can be done to a bundle of three entries, and what a check of it says then."""

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson

from resolvers.audit.chain import head_text, sign
from resolvers.audit.entries import canonical

Value = dict[str, Any]
# What is done to the lines of a bundle; the second list is another organization's.
Tampering = Callable[[list[Value], list[Value]], object]
UNSIGNED = "the entries do not add up to the signed head"
UNFIT = "the changes of entry {} do not fit their digest"
UNKEYED = "the head's signature is not that of key 3"
PLACE = "line {} has no place in a bundle: {}"


def _set(path: str, value: Any) -> Tampering:
    """Change one value, named by line and keys."""

    def change(lines: list[Value], _others: list[Value]) -> None:
        line, *keys = path.split(".")
        place = lines[int(line)]
        for key in keys[:-1]:
            place = place[key]
        assert place.get(keys[-1]) is not value
        place[keys[-1]] = value

    return change


def _both(*tamperings: Tampering) -> Tampering:
    def change(lines: list[Value], others: list[Value]) -> None:
        for tampering in tamperings:
            tampering(lines, others)

    return change


def _drop(number: int) -> Tampering:
    return lambda lines, _: lines.pop(number)


def _put(place: int, which: int) -> Tampering:
    return lambda lines, _: lines.insert(place, orjson.loads(canonical(lines[which])))


def _move(place: int, which: int) -> Tampering:
    return lambda lines, _: lines.insert(place, lines.pop(which))


def _renumbered(lines: list[Value], _others: list[Value]) -> None:
    for number, line in enumerate(lines[1:-1], start=1):
        line["entry"]["sequence"] = number


def _moved_border(lines: list[Value], _others: list[Value]) -> None:
    text = canonical(lines[2]["changes"])
    lines[2]["salt"] += text[:5].hex()


def _foreign_head(lines: list[Value], others: list[Value]) -> None:
    lines[-1] = others[-1]


def _forged(key: bytes, version: int) -> Tampering:
    """An altered entry with a head that fits it, signed by a key of the forger's."""

    def change(lines: list[Value], _others: list[Value]) -> None:
        lines[2]["entry"]["actorName"] = "nobody"
        chain = bytes(32)
        for line in lines[1:-1]:
            chain = hashlib.sha256(chain + hashlib.sha256(canonical(line["entry"])).digest()).digest()
        text = head_text(UUID(lines[0]["orgId"]), 3, chain)
        lines[-1] = {"head": orjson.loads(text), "keyVersion": version, "signature": sign(key, text).hex()}

    return change


def _leaf_only(lines: list[Value], _others: list[Value]) -> None:
    leaf = hashlib.sha256(canonical(lines[2]["entry"])).hexdigest()
    lines[2] = {"leaf": leaf, "sequence": 2}


def _entry_only(lines: list[Value], _others: list[Value]) -> None:
    lines[2] = {"entry": lines[2]["entry"]}


def _swapped_salts(lines: list[Value], _others: list[Value]) -> None:
    lines[1]["salt"], lines[2]["salt"] = lines[2]["salt"], lines[1]["salt"]


def _changes_gone(lines: list[Value], _others: list[Value]) -> None:
    lines[2] |= {"changes": None, "salt": None}


def _others_entry(lines: list[Value], others: list[Value]) -> None:
    lines[2] = others[2]


def _our_name(lines: list[Value], _others: list[Value]) -> None:
    lines[2]["entry"]["orgId"] = lines[1]["entry"]["orgId"]


def _others_bundle(lines: list[Value], others: list[Value]) -> None:
    lines[:] = others


def _start_only(lines: list[Value], _others: list[Value]) -> None:
    del lines[1:]


TAMPERINGS: dict[str, tuple[Tampering, str]] = {
    "an altered actor": (_set("2.entry.actorName", "nobody"), UNSIGNED),
    "an altered time": (_set("2.entry.occurredAt", "2020-01-01T00:00:00.000+00:00"), UNSIGNED),
    "an altered target": (_set("2.entry.targetId", str(UUID(int=1))), UNSIGNED),
    "an altered last entry": (_set("3.entry.action", "client:delete"), UNSIGNED),
    "an altered digest": (_set("2.entry.digest", "00" * 32), UNFIT.format(2)),
    "altered changes": (_set("2.changes", {"name": ["Zoe", "Bob"]}), UNFIT.format(2)),
    "changes of another form": (_set("2.changes", {"name": "Bob"}), UNFIT.format(2)),
    "emptied changes": (_set("2.changes", {}), UNFIT.format(2)),
    "an altered salt": (_set("2.salt", "00" * 16), UNFIT.format(2)),
    "swapped salts": (_swapped_salts, UNFIT.format(1)),
    "a moved border": (_moved_border, "the changes of entry 2 have a salt of 21 bytes"),
    "a salt without changes": (
        _set("2.changes", None),
        "entry 2 has a salt without changes, or changes without a salt",
    ),
    "changes taken away": (
        _changes_gone,
        "the changes of entry 2 are gone, and no sealed entry records their erasure",
    ),
    "a removed entry": (_drop(2), "entry 2 is missing"),
    "the first one removed": (_drop(1), "entry 1 is missing"),
    "the last one removed": (_drop(3), "the signed head is of entry 3, and the bundle ends at 2"),
    "a removed entry, renumbered": (
        _both(_drop(2), _renumbered),
        "the signed head is of entry 3, and the bundle ends at 2",
    ),
    "an entry twice": (_put(3, 2), "entry 3 is missing"),
    "an entry put in, renumbered": (
        _both(_put(3, 2), _renumbered),
        "the signed head is of entry 3, and the bundle ends at 4",
    ),
    "another order": (_move(1, 2), "entry 1 is missing"),
    "another order, renumbered": (_both(_move(1, 2), _renumbered), UNSIGNED),
    "an entry that is hidden": (_leaf_only, "entry 2 is not shown"),
    "an entry whose changes are hidden": (_entry_only, "entry 2 is not shown"),
    "an entry without its salt": (lambda lines, _: lines[2].pop("salt"), PLACE.format(3, "salt")),
    "another's entry": (_others_entry, "entry 2 is another organization's"),
    "another's entry under our name": (_both(_others_entry, _our_name), UNSIGNED),
    "another's bundle": (_others_bundle, "the bundle is another organization's"),
    "another's head": (_foreign_head, "the signed head is another organization's"),
    "no head": (_drop(-1), "the bundle ends without a signed head"),
    "nothing but the start": (_start_only, "the bundle ends without a signed head"),
    "nothing": (lambda lines, _: lines.clear(), "the bundle ends without a signed head"),
    "no start": (_drop(0), PLACE.format(1, "before")),
    "a head in the midst": (_put(2, -1), "the signed head is of entry 3, and the bundle ends at 1"),
    "more after the head": (lambda lines, _: lines.append(lines[2]), "there is more after the signed head"),
    "an altered signature": (_set("4.signature", "00" * 64), UNKEYED),
    "a short signature": (_set("4.signature", "00"), UNKEYED),
    "an altered head": (_set("4.head.hash", "00" * 32), UNKEYED),
    "a head of another number": (_set("4.head.sequence", 2), UNKEYED),
    "a forger's key": (_forged(bytes(32), 3), UNKEYED),
    "another of our keys": (_set("4.keyVersion", 1), "the head's signature is not that of key 1"),
    "a key that was not given": (
        _set("4.keyVersion", 2),
        "the head is signed by key 2, whose public key was not given",
    ),
    "a start that was moved": (_set("0.before", "11" * 32), UNSIGNED),
    "another first entry": (_set("0.first", 2), "entry 2 is missing"),
    "another format": (_set("0.format", "counterfoil-audit-2"), PLACE.format(1, "format")),
    "an organization that is none": (_set("0.orgId", "acme"), "the organization is not a UUID"),
    "a number as a text": (_set("2.entry.sequence", "2"), PLACE.format(3, "entry.sequence")),
    "a number that is true": (_set("1.entry.sequence", True), PLACE.format(2, "entry.sequence")),
    "a column more": (_set("2.entry.note", "x"), PLACE.format(3, "entry.note")),
}
