"""The messages of y-protocols: what stands before an update, a state vector, or where somebody is."""

from typing import Literal, NamedTuple

from actors.worksheets.yjs.bytes import ByteReader, block_bytes
from actors.worksheets.yjs.refusal import UpdateRefused


class SyncMessage(NamedTuple):
    """A message that was read. `step1` asks for what its state vector lacks; `update` brings one (so does step 2)."""

    kind: Literal["step1", "update", "awareness"]
    payload: bytes


def read_message(data: bytes) -> SyncMessage:
    """Read one message.

    Raises:
        Refused: it is none.
    """
    reader = ByteReader(data)
    kind = reader.number()
    if kind == 0:
        step = reader.number()
        if step > 2:
            raise UpdateRefused("malformed", "There is no such step.")
        message = SyncMessage("update" if step else "step1", reader.block())
    elif kind == 1:
        message = SyncMessage("awareness", reader.block())
    else:
        raise UpdateRefused("malformed", "There is no such message.")
    if reader.left:
        raise UpdateRefused("malformed", "There are bytes behind the message.")
    return message


def update_message(update: bytes) -> bytes:
    """An update as it is sent to others."""
    return b"\0\2" + block_bytes(update)


def step1_message(state_vector: bytes) -> bytes:
    """What do I lack?"""
    return b"\0\0" + block_bytes(state_vector)


def step2_message(update: bytes) -> bytes:
    """This is what you lacked."""
    return b"\0\1" + block_bytes(update)


def awareness_message(states: bytes) -> bytes:
    """Where somebody is."""
    return b"\1" + block_bytes(states)
