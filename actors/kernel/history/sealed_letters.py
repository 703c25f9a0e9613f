"""The sealed part of a letter: under which place it is sealed, and how it joins its command when the letter is sent."""

from typing import Final

import msgspec

_decode: Final = msgspec.msgpack.Decoder(dict[str, msgspec.Raw]).decode
_encode: Final = msgspec.msgpack.Encoder().encode


def letter_place(to: str, command_id: bytes) -> bytes:
    """The place of the sealed part of a letter; bound into its ciphertext, so that it opens in no other letter."""
    return b"letter|%b|%b" % (command_id, to.encode())


def with_secret(command: bytes, secret: bytes) -> bytes:
    """The command (msgpack of a Struct that is a map) with its member `secret`."""
    return _encode({**_decode(command), "secret": secret})
