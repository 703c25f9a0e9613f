"""Where somebody is, as y-protocols tells it: read, bounded, and signed with who they are."""

from typing import Any, NamedTuple

import msgspec

from actors.worksheets.yjs.bytes import Reader, block_bytes, number_bytes
from actors.worksheets.yjs.refusal import Refused

MAX_STATE_BYTES = 1024
_MOST = 100  # states in one message; all but the sender's own are passed over
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class State(NamedTuple):
    """Where the holder of a writer number is. `state` None: gone."""

    number: int
    clock: int
    state: dict[str, Any] | None


def read_states(data: bytes) -> list[State]:
    """The states of an awareness update.

    Raises:
        Refused: it is none, or too large.
    """
    reader = Reader(data)
    count = reader.count(3)
    if count > _MOST:
        raise Refused("malformed", "These are too many states.")
    states = [State(reader.number(), reader.number(), _state(reader.block())) for _ in range(count)]
    if reader.left:
        raise Refused("malformed", "There are bytes behind the states.")
    return states


def _state(written: bytes) -> dict[str, Any] | None:
    if len(written) > MAX_STATE_BYTES:
        raise Refused("size", "A state is too large.")
    try:
        state = _decode(written)
    except (ValueError, RecursionError):
        raise Refused("malformed", "A state is not JSON.") from None
    if state is not None and not isinstance(state, dict):
        raise Refused("malformed", "A state is an object.")
    return state


def signed(state: State, user: str, role: str) -> State:
    """The state with who it is of, whatever it says itself."""
    if state.state is None:
        return state
    return State(state.number, state.clock, state.state | {"user": {"id": user, "role": role}})


def states_bytes(states: list[State]) -> bytes:
    """The inverse of `read_states`."""
    parts = [number_bytes(len(states))]
    for one in states:
        parts += [number_bytes(one.number), number_bytes(one.clock), block_bytes(_encode(one.state))]
    return b"".join(parts)
