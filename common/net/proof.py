"""The proof that two processes share a secret, which is never sent. A challenge and its response, both ways:

    caller    -> GREET   nonce of the caller
    listener  -> nonce of the listener | HMAC(key, "listener" | caller's nonce | listener's nonce)
    caller    -> PROVE   HMAC(key, "caller" | caller's nonce | listener's nonce)

Both nonces are fresh and part of both proofs, so what was overheard is good for nothing (ISO/IEC 9798-4, three passes);
the roles keep a proof from being sent back to who made it. The proof opens a connection. What is said on it afterwards
is protected by TLS alone (`common.net.tls`).
"""

import hmac
import os
from typing import Final

NONCE_BYTES: Final = 32
PROOF_BYTES: Final = 32
CALLER: Final = b"caller"
LISTENER: Final = b"listener"


class SharedSecret:
    """A secret that both ends know. `purpose`: proofs of one kind of connection are not good for another."""

    __slots__ = ("_key",)

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._key = hmac.digest(secret, b"carewire connection " + purpose.encode(), "sha256")

    def proof(self, role: bytes, callers: bytes, listeners: bytes) -> bytes:
        """That whoever has this role knows the secret, on the connection of these two nonces."""
        return hmac.digest(self._key, role + callers + listeners, "sha256")


def fresh_nonce() -> bytes:
    """Never the same twice."""
    return os.urandom(NONCE_BYTES)


def same(one: bytes, other: bytes) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(one, other)
