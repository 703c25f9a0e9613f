"""The messages of y-protocols: what stands before an update, a state vector, or where somebody is."""

from typing import Literal, NamedTuple

from actors.worksheets.yjs.bytes import Reader, block_bytes
from actors.worksheets.yjs.refusal import Refused


class Message(NamedTuple):
    """A message that was read. `step1` asks for what its state vector lacks; `update` brings one (so does step 2)."""

    kind: Literal["step1", "update", "awareness"]
    payload: bytes


def read_message(data: bytes) -> Message:
    """Read one message.

    Raises:
        Refused: it is none.
    """
    reader = Reader(data)
    kind = reader.number()
    if kind == 0:
        step = reader.number()
        if step > 2:
            raise Refused("malformed", "There is no such step.")
        message = Message("update" if step else "step1", reader.block())
    elif kind == 1:
        message = Message("awareness", reader.block())
    else:
        raise Refused("malformed", "There is no such message.")
    if reader.left:
        raise Refused("malformed", "There are bytes behind the message.")
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
