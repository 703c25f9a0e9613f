"""Where somebody is, as y-protocols tells it: read, bounded, and signed with who they are."""

from typing import Any, NamedTuple

import msgspec

from actors.worksheets.yjs.bytes import ByteReader, block_bytes, number_bytes
from actors.worksheets.yjs.refusal import UpdateRefused

MAX_STATE_BYTES = 1024
_MOST = 100  # states in one message; all but the sender's own are passed over
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class AwarenessState(NamedTuple):
    """Where the holder of a writer number is. `state` None: gone."""

    number: int
    clock: int
    state: dict[str, Any] | None


def read_states(data: bytes) -> list[AwarenessState]:
    """The states of an awareness update.

    Raises:
        Refused: it is none, or too large.
    """
    reader = ByteReader(data)
    count = reader.count(3)
    if count > _MOST:
        raise UpdateRefused("malformed", "These are too many states.")
    states = [AwarenessState(reader.number(), reader.number(), _state(reader.block())) for _ in range(count)]
    if reader.left:
        raise UpdateRefused("malformed", "There are bytes behind the states.")
    return states


def _state(written: bytes) -> dict[str, Any] | None:
    if len(written) > MAX_STATE_BYTES:
        raise UpdateRefused("size", "A state is too large.")
    try:
        state = _decode(written)
    except (ValueError, RecursionError):
        raise UpdateRefused("malformed", "A state is not JSON.") from None
    if state is not None and not isinstance(state, dict):
        raise UpdateRefused("malformed", "A state is an object.")
    return state


def signed(state: AwarenessState, user: str, role: str) -> AwarenessState:
    """The state with who it is of, whatever it says itself."""
    if state.state is None:
        return state
    return AwarenessState(state.number, state.clock, state.state | {"user": {"id": user, "role": role}})


def states_bytes(states: list[AwarenessState]) -> bytes:
    """The inverse of `read_states`."""
    parts = [number_bytes(len(states))]
    for one in states:
        parts += [number_bytes(one.number), number_bytes(one.clock), block_bytes(_encode(one.state))]
    return b"".join(parts)
