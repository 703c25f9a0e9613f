"""Frames: a blob is sealed in pieces of 64 KiB, so that any of them can be opened alone. Pure.

Each blob has a random AES-256 key of its own. A frame is nonce (12 bytes), ciphertext, tag (16). Its number, and
whether it is the blob's last, are authenticated: a frame that was moved, taken from another blob, or left at the end of
a blob that was cut does not open (the idea of STREAM; Hoang, Reyhanitabar, Rogaway, Vizár, CRYPTO 2015). All frames
but the last are full. The last one is not, and may be empty, so a blob of n bytes has n // 64 KiB + 1 frames.
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FRAME_BYTES: Final = 64 * 1024
KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
SEALED_BYTES: Final = FRAME_BYTES + _NONCE_BYTES + 16
"""Bytes of a full frame, sealed."""


def new_key() -> bytes:
    """The key of a new blob."""
    return os.urandom(KEY_BYTES)


def frames_of(length: int) -> int:
    """How many frames a finished blob of so many bytes has."""
    return length // FRAME_BYTES + 1


class FrameCipher:
    """Seals and opens the frames of one blob. Nonces are random: at 2^32 frames (256 TiB) a key would be used up."""

    def __init__(self, key: bytes, blob: str) -> None:
        self._cipher, self._blob = AESGCM(key), blob

    def seal(self, number: int, text: bytes, *, last: bool = False) -> bytes:
        """The frame of this number."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text, self._place(number, last))

    def open(self, number: int, frame: bytes, *, last: bool = False) -> bytes:
        """The inverse of `seal`.

        Raises:
            ValueError: the frame was altered, or belongs elsewhere.
        """
        try:
            return self._cipher.decrypt(frame[:_NONCE_BYTES], frame[_NONCE_BYTES:], self._place(number, last))
        except (InvalidTag, ValueError):
            raise ValueError("the frame was altered, or belongs elsewhere") from None

    def open_tail(self, number: int, frame: bytes) -> bytes:
        """`open`, of the frame at the end so far: whether it is the last was known only if finishing had begun.

        Raises:
            ValueError: the frame was altered, or belongs elsewhere.
        """
        try:
            return self.open(number, frame)
        except ValueError:
            return self.open(number, frame, last=True)

    def _place(self, number: int, last: bool) -> bytes:
        return f"{self._blob}#{number}{'.' if last else ''}".encode()
