"""The chain that anybody can recompute: SHA-256 over the entries in their order, and the signed head that fixes it.

Seals need a secret key to be checked; this chain needs none. It is not stored: each walk along the log computes it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from models.audit import ERASE
from resolvers.audit.entries import FIRST, canonical, wrong_changes
from resolvers.keyring import Keyring

KeptHead = tuple[int, str]
HEAD_TYPE = "counterfoil-audit-head"


def leaf_of(fields: Mapping[str, Any]) -> bytes:
    """Return an entry's place in the chain: SHA-256 of its canonical text."""
    return hashlib.sha256(canonical(fields)).digest()


@dataclass(slots=True)
class Chain:
    """Follows entries in their order, up to the first thing that is wrong: ``failure``.

    ``kept_head`` is a number and hash in lower case that were kept elsewhere: the chain has to reach and have them.
    """

    org_id: UUID
    kept_head: KeptHead | None = None
    sequence: int = 0
    hash: bytes = FIRST
    erased: int = 0
    failure: str | None = None
    _gone: dict[str, int] = field(default_factory=dict)
    _erasures: set[str] = field(default_factory=set)

    def advance(self, leaf: bytes, *other: bytes) -> str | None:
        """Go one entry further; what is wrong, when that is the kept head's place and neither it nor ``other`` fits."""
        self.sequence += 1
        self.hash = hashlib.sha256(self.hash + leaf).digest()
        return self.unkept(*other)

    def unkept(self, *other: bytes) -> str | None:
        """Return what is wrong, when this is the kept head's place and its hash is another."""
        if self.kept_head is None or self.kept_head[0] != self.sequence:
            return None
        fits = self.kept_head[1] in {value.hex() for value in (self.hash, *other)}
        return None if fits else f"entry {self.sequence} is not the kept head"

    def note(self, fields: Mapping[str, Any]) -> None:
        """Remember an erasure: an entry whose changes are gone may be its target."""
        if fields["action"] == ERASE:
            self._erasures.add(fields["targetId"])

    def weigh(self, fields: Mapping[str, Any], salt: bytes | None, changes: str | None) -> str | None:
        """Return what is wrong with an entry's changes. Those that are gone need an erasure, here or later."""
        number: int = fields["sequence"]
        if salt is None or changes is None:
            self._gone[fields["id"]] = number
            self.erased += 1
            return None
        wrong = wrong_changes(salt, changes, bytes.fromhex(fields["digest"]))
        return f"the changes of entry {number} {wrong}" if wrong else None

    def end(self) -> None:
        """End the chain: what should have come, and has not, is a failure."""
        if self.failure is None and self.kept_head is not None and self.sequence < self.kept_head[0]:
            self.failure = f"the chain ends at {self.sequence}, before the kept head {self.kept_head[0]}"
        missed = [number for entry, number in self._gone.items() if entry not in self._erasures]
        if self.failure is None and missed:
            self.failure = f"the changes of entry {min(missed)} are gone, and no sealed entry records their erasure"


def head_text(org_id: UUID, sequence: int, hash_: bytes) -> bytes:
    """Return what is signed of a head."""
    return canonical({"hash": hash_.hex(), "orgId": str(org_id), "sequence": sequence, "type": HEAD_TYPE})


def sign(key: bytes, text: bytes) -> bytes:
    """Return the Ed25519 signature of a text; ``key`` is the private key's seed."""
    return Ed25519PrivateKey.from_private_bytes(key).sign(text)


def is_signed(public_key: bytes, signature: bytes, text: bytes) -> bool:
    """Return whether a signature is a public key's over a text."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text)
    except InvalidSignature:
        return False
    return True


def public_keys(keys: Keyring) -> dict[int, bytes]:
    """Return the public key of each version."""
    return {
        version: Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
        for version, key in keys.keys.items()
    }
