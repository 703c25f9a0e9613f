"""Messages as they were when they were reported: copied in the turn that looked at it, and sealed under the key of its
case, so that neither its author nor anybody else can take it back."""

from typing import Final

import msgspec

from common.persons import UserId


class SaidBefore(msgspec.Struct, frozen=True, array_like=True):
    """A version of a message: its body, and since when (ms)."""

    body: str
    at: int


class Neighbour(msgspec.Struct, frozen=True, array_like=True):
    """A message beside it."""

    id: str
    seq: int
    sender: UserId
    body: str
    at: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message with all that was known of it. `versions` are the older ones, the first first; `note`: of whoever
    reported it; `plaintext`: of an encrypted one, revealed and found to be what was sent. `content`: all of
    it, as a room keeps it, where it is to be posted."""

    room: str
    message_id: str
    seq: int
    sender: UserId
    body: str
    at: int
    captured: int
    attachments: bytes = b""
    deleted: bool = False
    versions: tuple[SaidBefore, ...] = ()
    context: tuple[Neighbour, ...] = ()
    note: str = ""
    plaintext: str = ""
    content: bytes = b""


pack: Final = msgspec.msgpack.Encoder().encode
unpack: Final = msgspec.msgpack.Decoder(Evidence).decode
