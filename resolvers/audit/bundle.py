"""Bundles: a part of a sealed audit log as a file, checked by somebody who has the public key alone.

Lines of canonical JSON: the range and the chain's hash before it; its entries with salt and changes (null once erased);
of each later entry the hash alone, of an erasure the entry; the signed head.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from resolvers.audit.chain import HEAD_TYPE, Chain, KeptHead, is_signed, leaf_of
from resolvers.audit.entries import canonical

Hex = Annotated[str, Field(pattern=r"^([0-9a-f]{2})*$")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Number = Annotated[int, Field(ge=1)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Start(_Line):
    before: Hash
    first: Number
    format: Literal["counterfoil-audit-1"]
    orgId: str


class _Fields(_Line):
    action: str
    actorId: str
    actorKind: str
    actorName: str
    digest: Hash
    id: str
    occurredAt: str
    orgId: str
    requestId: str
    sequence: Number
    source: str
    targetId: str


class _Shown(_Line):
    changes: dict[str, Any] | None
    entry: _Fields
    salt: Hex | None


class _Erasure(_Line):
    entry: _Fields


class _Leaf(_Line):
    leaf: Hash
    sequence: Number


class _Head(_Line):
    hash: Hash
    orgId: str
    sequence: Number
    type: str


class _End(_Line):
    head: _Head
    keyVersion: Number
    signature: Hex


class _Unfit(Exception):
    """The bundle does not hold; the text says why."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a check of a bundle found. ``shown`` are the first and last entry that it shows."""

    org_id: UUID | None
    shown: tuple[int, int] | None
    erased: int
    head: KeptHead | None
    key_version: int | None
    failure: str | None


def check(
    lines: Iterable[bytes],
    public_keys: Mapping[int, bytes],
    kept_head: KeptHead | None = None,
    org_id: UUID | None = None,
) -> Bundle:
    """Check a bundle's lines with public keys alone. ``kept_head`` is a head from elsewhere, ``org_id`` the owner.

    A failure is the first: an altered, missing, moved or foreign entry, changes that are not those of their entry or
    that are gone without an erasure, a head that none of the keys has signed, or that the entries do not add up to.
    """
    reader = _Reader(public_keys, kept_head, org_id)
    failure: str | None = None
    try:
        for text in lines:
            reader.line(text)
        reader.end()
    except _Unfit as error:
        failure = str(error)
    return reader.found(failure)


class _Reader:
    """The lines one after another: a start, what is shown, what is not, and the head."""

    def __init__(self, public_keys: Mapping[int, bytes], kept_head: KeptHead | None, org_id: UUID | None) -> None:
        self._keys, self._kept_head, self._org_id = public_keys, kept_head, org_id
        self._chain: Chain | None = None
        self._first = self._last = self._number = 0
        self._end: _End | None = None

    def line(self, text: bytes) -> None:
        """Read one line. Raises _Unfit."""
        self._number += 1
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise _Unfit(f"line {self._number} is not JSON") from None
        # One spelling, so that every reader sees what was checked: a name given twice, for one, is none.
        if not isinstance(value, dict) or canonical(value) != text.removesuffix(b"\n"):
            raise _Unfit(f"line {self._number} is not in canonical form")
        try:
            self._read(value)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise _Unfit(f"line {self._number} has no place in a bundle{f': {where}' if where else ''}") from None

    def _read(self, value: dict[str, Any]) -> None:
        if self._end is not None:
            raise _Unfit("there is more after the signed head")
        if self._chain is None:
            self._chain = self._started(_Start.model_validate(value))
        elif "head" in value:
            self._end = _End.model_validate(value)
            self._ended(self._chain, self._end)
        elif "leaf" in value:
            leaf = _Leaf.model_validate(value)
            self._advance(self._chain, leaf.sequence, bytes.fromhex(leaf.leaf))
        elif "changes" in value:
            self._shown(self._chain, _Shown.model_validate(value))
        else:
            self._entered(self._chain, _Erasure.model_validate(value).entry)

    def end(self) -> None:
        """End the lines. Raises _Unfit."""
        if self._end is None or self._chain is None:
            raise _Unfit("the bundle ends without a signed head")
        self._chain.end()
        if self._chain.failure is not None:
            raise _Unfit(self._chain.failure)

    def found(self, failure: str | None) -> Bundle:
        """Return what was found."""
        if self._chain is None:
            return Bundle(None, None, 0, None, None, failure)
        head = (self._end.head.sequence, self._end.head.hash) if self._end else None
        version = self._end.keyVersion if self._end else None
        shown = (self._first, self._last) if self._last else None
        return Bundle(self._chain.org_id, shown, self._chain.erased, head, version, failure)

    def _started(self, start: _Start) -> Chain:
        try:
            org_id = UUID(start.orgId)
        except ValueError:
            raise _Unfit("the organization is not a UUID") from None
        if self._org_id is not None and org_id != self._org_id:
            raise _Unfit("the bundle is another organization's")
        self._first = start.first
        chain = Chain(org_id, self._kept_head, start.first - 1, bytes.fromhex(start.before))
        if self._kept_head is not None and self._kept_head[0] < chain.sequence:
            raise _Unfit(
                f"the kept head {self._kept_head[0]} comes before the bundle, which begins after {chain.sequence}"
            )
        _refuse(chain.unkept())
        return chain

    def _shown(self, chain: Chain, line: _Shown) -> None:
        number = line.entry.sequence
        if self._last != (chain.sequence if chain.sequence >= self._first else 0):
            raise _Unfit(f"entry {chain.sequence} is not shown")
        fields = line.entry.model_dump()
        salt = None if line.salt is None else bytes.fromhex(line.salt)
        changes = None if line.changes is None else canonical(line.changes).decode()
        if (salt is None) != (changes is None):
            raise _Unfit(f"entry {number} has a salt without changes, or changes without a salt")
        self._entered(chain, line.entry)
        _refuse(chain.weigh(fields, salt, changes))
        self._last = number

    def _entered(self, chain: Chain, entry: _Fields) -> None:
        if entry.orgId != str(chain.org_id):
            raise _Unfit(f"entry {entry.sequence} is another organization's")
        fields = entry.model_dump()
        chain.note(fields)
        self._advance(chain, entry.sequence, leaf_of(fields))

    def _advance(self, chain: Chain, number: int, leaf: bytes) -> None:
        if number != chain.sequence + 1:
            raise _Unfit(f"entry {chain.sequence + 1} is missing")
        _refuse(chain.advance(leaf))

    def _ended(self, chain: Chain, end: _End) -> None:
        head = end.head
        key = self._keys.get(end.keyVersion)
        if key is None:
            raise _Unfit(f"the head is signed by key {end.keyVersion}, whose public key was not given")
        if not is_signed(key, bytes.fromhex(end.signature), canonical(head.model_dump())):
            raise _Unfit(f"the head's signature is not that of key {end.keyVersion}")
        if head.type != HEAD_TYPE or head.orgId != str(chain.org_id):
            raise _Unfit("the signed head is another organization's")
        if head.sequence != chain.sequence:
            raise _Unfit(f"the signed head is of entry {head.sequence}, and the bundle ends at {chain.sequence}")
        if head.hash != chain.hash.hex():
            raise _Unfit("the entries do not add up to the signed head")


def _refuse(wrong: str | None) -> None:
    if wrong is not None:
        raise _Unfit(wrong)
