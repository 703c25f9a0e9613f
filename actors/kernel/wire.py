"""What regions and shards say to each other: msgpack in both directions, one `bytes` a call.

Ray moves `bytes` far faster than object graphs, so a whole batch travels as one. Structs are arrays on the wire.
"""

from typing import Final

import msgspec

from actors.kernel.entity import Principal


class Item(msgspec.Struct, array_like=True, frozen=True):
    """One command on its way to an entity.

    `command` is msgpack of the kind's command union. `patience_ms` is how long the caller will still wait (deadlines
    travel as remaining time: clocks differ). With `listen`, the caller's region hears the entity from the version of
    the reply on.
    """

    entity: str
    command_id: bytes  # 16 bytes; the same id in the same entity is the same command
    command: bytes
    by: Principal
    patience_ms: int
    trace: str = ""
    listen: bool = False


class Batch(msgspec.Struct, array_like=True, frozen=True):
    """What one region submits to one shard in one call."""

    subscriber: str
    items: list[Item]


class Answer(msgspec.Struct, array_like=True, frozen=True):
    """The answer to one item. `code` is "" for success, else an error's code (or "moved": ask another shard).

    `data` is the ack's data as JSON. `version` is the entity's version that the answer reflects.
    """

    code: str = ""
    data: bytes = b"null"
    version: int = 0
    duplicate: bool = False
    message: str = ""
    retry_after_s: float | None = None
    details: bytes = b""  # JSON; empty: none


class Answers(msgspec.Struct, array_like=True, frozen=True):
    """The answers to a batch, in its order, and the epoch of the lease under which they were given."""

    epoch: int
    answers: list[Answer]


class Delivery(msgspec.Struct, array_like=True, frozen=True):
    """What happened in a topic, ready to send: `packet` is a JSON array `["event name", payload]`.

    `version` > 0: a numbered event; the topic's deliveries come without gap or repeat. `version` 0: a signal or a
    note, sent once at most. `evict`: after this one, sockets of that user hear no more. `skip`: sockets of that user
    do not get it. `lapse` is the packet to send when no other delivery with this `key` came within `ttl_s`.
    """

    topic: str
    version: int
    packet: bytes
    at_ms: int = 0
    evict: str = ""
    skip: str = ""
    key: str = ""
    ttl_s: float = 0.0
    lapse: bytes = b""


class Listen(msgspec.Struct, array_like=True, frozen=True):
    """Hear these topics, each from above the version given; what lies between comes first."""

    subscriber: str
    topics: dict[str, int]


class Heard(msgspec.Struct, array_like=True, frozen=True):
    """The shard's word on `Listen`: its epoch, and the topics that are not (or no longer) its to serve."""

    epoch: int
    moved: list[str]


class Fetch(msgspec.Struct, array_like=True, frozen=True):
    """Give me what came since. `acked` is the `upto` of the last parcel that arrived: the shard may drop it."""

    subscriber: str
    epoch: int
    acked: int
    forget: list[str]  # topics that nobody at the caller listens to any more


class Parcel(msgspec.Struct, array_like=True, frozen=True):
    """Deliveries in order. `known` False: the shard does not know the subscriber (any more): listen again."""

    epoch: int
    known: bool
    upto: int
    deliveries: list[Delivery]


MOVED: Final = "moved"
encoder: Final = msgspec.msgpack.Encoder()
decode_batch: Final = msgspec.msgpack.Decoder(Batch).decode
decode_answers: Final = msgspec.msgpack.Decoder(Answers).decode
decode_listen: Final = msgspec.msgpack.Decoder(Listen).decode
decode_heard: Final = msgspec.msgpack.Decoder(Heard).decode
decode_fetch: Final = msgspec.msgpack.Decoder(Fetch).decode
decode_parcel: Final = msgspec.msgpack.Decoder(Parcel).decode
