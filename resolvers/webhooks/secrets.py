"""Webhook secrets: how they are generated and encrypted."""

import base64
import secrets
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from resolvers.keyring import Keyring

PREFIX = "whsec_"
_SECRET_BYTES = 32
_NONCE_BYTES = 12
_VERSION_BYTES = 2


class UnreadableSecret(Exception):
    """A stored secret that cannot be decrypted: its key is not in the ring, or it belongs to another endpoint."""


def new_secret() -> str:
    """Return a signing secret in the form of Standard Webhooks: ``whsec_`` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def encrypt(ring: Keyring, org_id: UUID, endpoint_id: UUID, secret: str) -> bytes:
    """Encrypt a secret with the ring's current key, bound to its endpoint. Return version, nonce and ciphertext."""
    version, key = ring.current
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, secret.encode(), org_id.bytes + endpoint_id.bytes)
    return version.to_bytes(_VERSION_BYTES, "big") + nonce + sealed


def decrypt(ring: Keyring, org_id: UUID, endpoint_id: UUID, stored: bytes) -> str:
    """Decrypt a secret. Raises UnreadableSecret."""
    version = int.from_bytes(stored[:_VERSION_BYTES], "big")
    key = ring.keys.get(version)
    if key is None:
        raise UnreadableSecret(f"there is no secret key of version {version}")
    nonce, sealed = stored[_VERSION_BYTES:][:_NONCE_BYTES], stored[_VERSION_BYTES + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, sealed, org_id.bytes + endpoint_id.bytes).decode()
    except InvalidTag:
        raise UnreadableSecret("the secret is not this endpoint's, or was changed") from None
