"""The protocol between regions and shards: msgpack in both directions, one `bytes` a call.

Ray moves `bytes` far faster than object graphs, so a whole batch travels as one. Structs are arrays on the wire.
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from actors.kernel.contract.activities import Urgency
from actors.kernel.contract.entity import Principal, placeholder


class BatchItem(msgspec.Struct, array_like=True, frozen=True, gc=False, kw_only=True):
    """One command on its way to an entity.

    `correlation_id` numbers the caller's commands. `command` is msgpack of the kind's command union. `patience_ms` is
    how long the caller will still wait (deadlines travel as remaining time: clocks differ). With `listen`, the caller's
    region hears the entity from the version of the answer on. `named`: the id is the user's own, so it may have been
    carried out long ago. `again`: the region itself repeats it. `unread`: nobody looks at what is answered, only at
    whether it was taken: what would have to be read for the answer is not.
    """

    correlation_id: int
    entity: str
    command_id: bytes  # 16 bytes; the same id in the same entity is the same command
    command: bytes
    by: Principal
    patience_ms: int
    trace: str = ""
    listen: bool = False
    named: bool = False
    again: bool = False
    unread: bool = False


class CommandBatch(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """The commands that one subscriber submits to one shard in one call. A batch sent again bears the same `number`.

    `forget` are topics that nobody at the caller listens to any more; `resubscribe` are topics to be heard (again),
    each from above the version given.
    """

    subscriber: str
    number: int
    items: list[BatchItem]
    forget: list[str]
    resubscribe: dict[str, int]


class SubmitAck(msgspec.Struct, array_like=True, frozen=True):
    """The shard's word on a batch or a subscription: taken, or `known` False: subscribe (again) first.

    `epoch` is that of the shard's lease; 0 when it holds none and serves nothing at present.
    """

    epoch: int
    known: bool


class SubscribeRequest(msgspec.Struct, array_like=True, frozen=True):
    """Open a subscription, or start it afresh, with these topics: each from above the version given."""

    subscriber: str
    topics: dict[str, int]


class Fetch(msgspec.Struct, array_like=True, frozen=True):
    """Give me what came since. `acked` is the number of the last result that arrived: the shard may drop it."""

    subscriber: str
    acked: int


class ItemAnswer(msgspec.Struct, array_like=True, frozen=True, gc=False, kw_only=True):
    """The answer to one item. `code` is "" for success, else an error's code (or "moved": ask another shard).

    `data` is the ack's data as JSON. `version` is the entity's version that the answer reflects.
    """

    correlation_id: int
    code: str = ""
    data: bytes = b"null"
    version: int = 0
    duplicate: bool = False
    message: str = ""
    retry_after_s: float | None = None
    details: bytes = b""  # JSON; empty: none


class TopicDelivery(msgspec.Struct, array_like=True, frozen=True, gc=False, kw_only=True):
    """An event of a topic, ready to send: `packet` is a JSON array `["event name", payload]`.

    `version` > 0: a numbered event; a topic's come without gap or repeat (`first` < `version`: this one stands for
    all of first..version). `version` 0: a signal or a note, sent once at most. `evict`: after this one, sockets of
    that user hear no more. `lapse` is the packet to send when no other delivery with this `key` came within `ttl_s`.

    `skip`, `skip_also`: sockets of these users do not get it (the first of them stands alone, as it always did).
    `instead`: sockets of these users get this packet in its place. `only`: but for the socket with this public id,
    nobody does. `attachments` go with `packet`, which holds placeholders for them (not with `instead`).
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
    first: int = 0
    skip_also: tuple[str, ...] = ()
    instead: dict[str, bytes] = {}
    only: str = ""
    attachments: tuple[bytes, ...] = ()

    @property
    def for_all(self) -> bool:
        """Does everybody who listens get the same?"""
        return not (self.skip or self.skip_also or self.instead or self.only)

    @property
    def size(self) -> int:
        """Bytes to be sent."""
        return len(self.packet) + sum(map(len, self.attachments))

    def packet_for(self, user: str, connection: str = "") -> bytes | None:
        """The packet for a socket of this user, whose public id this is ("": no socket, the past is read). None:
        nothing."""
        if self.only and self.only != connection:
            return None
        if user and (user == self.skip or user in self.skip_also):
            return None
        return self.instead.get(user, self.packet)

    def json_for(self, user: str) -> bytes | None:
        """`packet_for`, with the attachments in it: for whoever reads the past."""
        packet = self.packet_for(user)
        return without_attachments(packet, self.attachments) if packet is self.packet else packet


def without_attachments(packet: bytes, attachments: Sequence[bytes]) -> bytes:
    """The packet with each attachment in base64, in the place of its placeholder: JSON alone."""
    for number, attachment in enumerate(attachments):
        packet = packet.replace(encode_json(placeholder(number)), b'"%b"' % b64encode(attachment))
    return packet


class FetchResult(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """The result of a fetch: answers, and deliveries in the order of their topics.

    `known` False: the shard does not know the subscriber (any more): subscribe again. `lost` are topics whose
    deliveries did not fit its buffer: they must be heard anew from the last version seen. `moved` are topics that
    another shard owns by now.
    """

    epoch: int
    known: bool
    number: int
    answers: list[ItemAnswer]
    deliveries: list[TopicDelivery]
    lost: list[str]
    moved: list[str]


class EncodedFetchResult(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """A `FetchResult` as the shard writes it: each delivery was encoded once, for all subscribers."""

    epoch: int
    known: bool
    number: int
    answers: list[ItemAnswer]
    deliveries: list[msgspec.Raw]
    lost: list[str]
    moved: list[str]


class RunnerReport(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """The activities that a runner could not finish. Those that it finished come as the command `Answered`.

    `retry`: offer it again at `due_ms`. `park`: put it off until then. `dead`: nobody tries it again by itself;
    `poison` is that as well, where it cannot even be read. `code` and `message` are for operators: no personal data.
    """

    id: bytes
    verdict: Literal["retry", "park", "dead", "poison"]
    due_ms: int | None = None
    code: str = ""
    message: str = ""
    attempts: int = 0


class WorkRequest(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """A runner asks a shard for activities, and waits with the request for up to `wait_ms`.

    `runner` names it and its life. `credits` say how many more it takes now of each connector that it serves; a
    connector that is left out gets nothing. `returned` are given back untried. A newer request of the same runner has
    the older one answered at once.
    """

    runner: str
    credits: dict[str, int] = {}
    wait_ms: int = 0
    returned: list[bytes] = []
    reports: list[RunnerReport] = []


class Offered(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """An activity that is a runner's for a time.

    `until_ms_from_now` counts from the moment at which the runner sent its request: it starts no call that could last
    longer. `payload` is sealed under the key of `owner` (`codec.activity_place`), unless that is "".
    """

    id: bytes
    connector: str
    entity: str
    key: str
    owner: str
    payload: bytes
    lane: str
    urgency: Urgency
    deadline_ms: int | None
    ask: bool
    attempts: int
    created_at_ms: int
    until_ms_from_now: int


class Level(msgspec.Struct, array_like=True, frozen=True):
    """The number of activities of a connector in a shard: in line or being tried, put off, and dead."""

    waiting: int
    parked: int
    dead: int


class WorkResult(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """The result of a request for work. `epoch` is that of the shard's lease; 0 when it serves nothing at present."""

    epoch: int
    offers: list[Offered]
    levels: dict[str, Level]


MOVED: Final = "moved"
encode_json: Final = msgspec.json.Encoder().encode
encode: Final = msgspec.msgpack.Encoder().encode
decode_batch: Final = msgspec.msgpack.Decoder(CommandBatch).decode
decode_submit_ack: Final = msgspec.msgpack.Decoder(SubmitAck).decode
decode_subscribe: Final = msgspec.msgpack.Decoder(SubscribeRequest).decode
decode_fetch: Final = msgspec.msgpack.Decoder(Fetch).decode
decode_delivery: Final = msgspec.msgpack.Decoder(TopicDelivery).decode
decode_work: Final = msgspec.msgpack.Decoder(WorkRequest).decode
decode_work_result: Final = msgspec.msgpack.Decoder(WorkResult).decode
decode_fetch_result: Final = msgspec.msgpack.Decoder(FetchResult).decode
