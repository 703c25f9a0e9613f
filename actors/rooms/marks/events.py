"""Notes about a message after it was said: durable, without a number of the room. `target` is its seq."""

from actors.kernel.contract.entity import Event


class RoomEvent(Event, frozen=True, kw_only=True, array_like=True):
    """Base of the events and notes of a room."""

    at: int


class MarginalEvent(RoomEvent, frozen=True, kw_only=True, array_like=True):
    """Base of what is noted about a message."""

    target: int
    message_id: str


class Acknowledged(MarginalEvent, frozen=True, kw_only=True, tag="acknowledged"):
    """`author` has acknowledged the message. `unseen_by`: members who may not see it."""

    veil: str = ""  # of an anonymous room
    unseen_by: tuple[str, ...] = ()


class Chosen(MarginalEvent, frozen=True, kw_only=True, tag="chosen"):
    """`author` chose these options of a block, by their places; none: takes the choice back."""

    block: str
    options: tuple[int, ...]


class BlockReserved(MarginalEvent, frozen=True, kw_only=True, tag="block_reserved"):
    """`author` is using a block that only one may use: nobody else does before `until` (ms)."""

    block: str
    until: int


class BlockSet(MarginalEvent, frozen=True, kw_only=True, tag="block_set"):
    """What a block stands for is in another state. `unseen_by`: members who may not see its message."""

    block: str
    state: str
    ref: str = ""  # the booking that was made with it
    unseen_by: tuple[str, ...] = ()
