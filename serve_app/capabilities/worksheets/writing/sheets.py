"""The documents that sockets of this gateway have open: who is where in them, and what of them is stored.

Both are told to those who listen at a bounded rate: where somebody is ten times a second, what is stored four times.
"""

from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Final

import msgspec

from actors.kernel.contract.entity import packet_of, placeholder
from actors.kernel.contract.protocol import TopicDelivery
from actors.worksheets.document.commands import BroadcastAwareness, DocumentJoined
from actors.worksheets.document.wire import JoinedCount
from actors.worksheets.yjs.awareness import AwarenessState, read_states, signed, states_bytes
from actors.worksheets.yjs.messages import awareness_message, read_message
from actors.worksheets.yjs.refusal import UpdateRefused
from actors.worksheets.yjs.update import parse, parse_state_vector, state_vector_bytes
from common.clock import to_rfc3339
from common.errors import CarewireError, InvalidArgument, RateLimited
from common.logs import get_logger
from realtime.delivery.connections import Connection
from realtime.front.hub import Hub
from serve_app.capabilities.worksheets.writing.headcount import HeadCount, is_count
from serve_app.capabilities.worksheets.writing.writings import Writings, entity_of

log = get_logger(__name__)
SAVED: Final = "worksheet_saved"
_SYNC: Final = b'["worksheet_sync",'
_SAVED_EVERY_S: Final = 0.25
_STATE_EVERY_S: Final = 0.1
_GONE_AFTER_S: Final = 5.0
_encode: Final = msgspec.json.Encoder().encode


class OpenDocument:
    """One document. `told`: of those who have joined, who hears what is stored (y-websocket has no word for it); while
    there are none, nothing is kept up for them. `known`: the state vector as of `seq`. `states`: where people are, by
    writer number."""

    def __init__(self, assignment_id: str, attempt: int) -> None:
        self.assignment_id = assignment_id
        self.attempt = attempt
        self.joined: set[Connection] = set()
        self.told: set[Connection] = set()
        self.known: dict[int, int] = {}
        self.seq = 0
        self.saved_at_ms = 0
        self.saved_s = float("-inf")  # when that was told last
        self.telling = False
        self.states: dict[int, AwarenessState] = {}
        self.numbers: dict[int, Connection] = {}  # whose awareness it is, of the sockets of this gateway


class _Place:
    """Where one socket is: what is to be told next."""

    def __init__(self) -> None:
        self.said_s = float("-inf")
        self.next: AwarenessState | None = None
        self.waits = False


class OpenDocuments:
    """Those of one gateway."""

    def __init__(self, hub: Hub, writings: Writings, *, most_joined: int, alone: bool = True) -> None:
        """`alone`: there is no other gateway, ever, that would have to know."""
        self._alone = alone
        self._count = HeadCount(
            hub.name, hub.deadlines, now_s=hub.clock.monotonic_s, own=self._joined, tell=self._tell_count
        )
        self._hub = hub
        self._clock = hub.clock
        self._writings = writings
        self._most_joined = most_joined
        self._sheets: dict[str, OpenDocument] = {}
        self._places: dict[tuple[Connection, str], _Place] = {}
        self._listens = False

    def __len__(self) -> int:
        return len(self._sheets)

    def require_room(self, assignment_id: str, connection: Connection) -> None:
        """May one more socket join?

        Raises:
            RateLimited: too many have joined.
        """
        topic = entity_of(assignment_id)
        sheet = self._sheets.get(topic)
        if sheet is None or connection in sheet.joined:
            return
        if len(sheet.joined) + self._count.elsewhere(topic) >= self._most_joined:
            raise RateLimited("Too many devices have this worksheet open. Close one.", retry_after_s=5.0)

    def join(
        self,
        assignment_id: str,
        connection: Connection,
        joined: DocumentJoined,
        version: int,
        *,
        told: Sequence[TopicDelivery] | None = None,
    ) -> None:
        """A socket has joined, at this version. With the first, the gateway begins to listen. `told`: it hears what is
        stored, and this came meanwhile."""
        if not self._listens:
            self._listens = True
            self._hub.overhears("assignment", self._overheard)
            self._hub.farewells(self._left)
        topic = entity_of(assignment_id)
        sheet = self._sheets.get(topic)
        if sheet is None or sheet.attempt != joined.attempt:
            before = sheet
            sheet = self._sheets[topic] = OpenDocument(assignment_id, joined.attempt)
            if before is not None:
                sheet.joined |= before.joined
                sheet.told |= before.told
        sheet.joined.add(connection)
        self._counted(topic)
        if told is None:
            return
        sheet.told.add(connection)
        if version >= sheet.seq:
            sheet.known, sheet.seq = parse_state_vector(joined.state_vector), version
        self._overheard(told)

    def leave(self, assignment_id: str, connection: Connection) -> None:
        """A socket listens no more."""
        topic = entity_of(assignment_id)
        sheet = self._sheets.get(topic)
        if sheet is None or connection not in sheet.joined:
            return
        sheet.joined.discard(connection)
        sheet.told.discard(connection)
        self._places.pop((connection, topic), None)
        self._counted(topic)
        for number in [number for number, whose in sheet.numbers.items() if whose is connection]:
            self._hub.deadlines.after(_GONE_AFTER_S, partial(self._gone, sheet, number, connection))
        if not sheet.joined:
            self._hub.deadlines.after(2 * _GONE_AFTER_S, partial(self._forget, topic))

    def _joined(self, topic: str) -> int:
        sheet = self._sheets.get(topic)
        return len(sheet.joined) if sheet is not None else 0

    def _counted(self, topic: str) -> None:
        if not self._alone:
            self._count.changed(topic)

    def _tell_count(self, topic: str, count: JoinedCount) -> None:
        saying = self._writings.count(topic.partition(":")[2], count.gateway, count.joined)
        self._hub.tasks.spawn(_quietly(saying))

    def where(self, assignment_id: str) -> bytes | None:
        """Where people are in it, as a message; None: nobody says."""
        sheet = self._sheets.get(entity_of(assignment_id))
        states = [state for state in sheet.states.values() if state.state is not None] if sheet is not None else []
        return awareness_message(states_bytes(states)) if states else None

    def say(self, assignment_id: str, connection: Connection, payload: bytes) -> None:
        """Tell where the holder of this socket is. What others' clients say of somebody else is passed over.

        Raises:
            InvalidArgument: these bytes say nothing, or the socket has not joined.
            PayloadTooLarge: they are too large.
        """
        topic = entity_of(assignment_id)
        sheet = self._sheets.get(topic)
        if sheet is None or connection not in sheet.joined:
            raise InvalidArgument("Join the worksheet first.", details={"field": "assignment_id"})
        state = self._own(sheet, connection, read_states(payload))
        if state is None:
            return
        place = self._places.setdefault((connection, topic), _Place())
        place.next = signed(state, connection.user, connection.principal.role)
        if not place.waits:
            place.waits = True
            wait_s = place.said_s + _STATE_EVERY_S - self._clock.monotonic_s()
            if wait_s <= 0:
                self._say(sheet, connection, place)
            else:
                self._hub.deadlines.after(wait_s, partial(self._say, sheet, connection, place))

    def _own(
        self, sheet: OpenDocument, connection: Connection, states: Sequence[AwarenessState]
    ) -> AwarenessState | None:
        """The state of the socket's own number: the first that it names and nobody else has."""
        mine = next((number for number, whose in sheet.numbers.items() if whose is connection), None)
        if mine is not None:
            return next((state for state in states if state.number == mine), None)
        for state in states:
            whose = sheet.numbers.get(state.number)
            if (whose is None or whose not in sheet.joined) and not _is_of_another(
                sheet.states.get(state.number), connection.user
            ):
                sheet.numbers[state.number] = connection
                return state
        return None

    def _say(self, sheet: OpenDocument, connection: Connection, place: _Place) -> None:
        state, place.next, place.waits = place.next, None, False
        if state is None or connection.closed:
            return
        place.said_s = self._clock.monotonic_s()
        message = awareness_message(states_bytes([state]))
        tell = BroadcastAwareness(attempt=sheet.attempt, states=message, numbers=(state.number,))
        saying = self._writings.tell(sheet.assignment_id, tell, by=connection.principal, trace=connection.trace())
        self._hub.tasks.spawn(_quietly(saying))

    def _gone(self, sheet: OpenDocument, number: int, connection: Connection) -> None:
        """Five seconds have passed, and no other socket has taken the number on."""
        if sheet.numbers.get(number) is not connection or connection in sheet.joined:
            return
        del sheet.numbers[number]
        last = sheet.states.pop(number, None)
        if last is None or last.state is None:
            return
        message = awareness_message(states_bytes([AwarenessState(number, last.clock + 1, None)]))
        saying = self._writings.gone(sheet.assignment_id, sheet.attempt, message)
        self._hub.tasks.spawn(_quietly(saying))

    def _forget(self, topic: str) -> None:
        sheet = self._sheets.get(topic)
        if sheet is not None and not sheet.joined:
            del self._sheets[topic]

    def _left(self, connection: Connection) -> None:
        for topic in [topic for topic, sheet in self._sheets.items() if connection in sheet.joined]:
            self.leave(self._sheets[topic].assignment_id, connection)

    def _overheard(self, deliveries: Sequence[TopicDelivery]) -> None:
        """What sockets have just been sent."""
        for delivery in deliveries:
            sheet = self._sheets.get(delivery.topic)
            if sheet is not None and is_count(delivery.packet):
                self._count.heard(delivery.topic, delivery.packet)
            if sheet is None or not delivery.packet.startswith(_SYNC) or not delivery.attachments:
                continue
            try:
                message = read_message(delivery.attachments[0])
                if message.kind == "awareness":
                    self._noted(sheet, read_states(message.payload))
                elif sheet.told and delivery.version > sheet.seq:
                    self._saved(sheet, delivery, message.payload)
            except UpdateRefused:
                log.error("sheets.unreadable", topic=delivery.topic, version=delivery.version)

    def _noted(self, sheet: OpenDocument, states: Sequence[AwarenessState]) -> None:
        for state in states:
            if state.state is None:
                sheet.states.pop(state.number, None)
            else:
                sheet.states[state.number] = state

    def _saved(self, sheet: OpenDocument, delivery: TopicDelivery, update: bytes) -> None:
        for writer, items in parse(update).items.items():
            if items:
                sheet.known[writer] = max(sheet.known.get(writer, 0), items[-1].clock + items[-1].length)
        sheet.seq, sheet.saved_at_ms = delivery.version, delivery.at_ms
        if sheet.telling:
            return
        sheet.telling = True
        wait_s = max(0.0, sheet.saved_s + _SAVED_EVERY_S - self._clock.monotonic_s())
        self._hub.deadlines.after(wait_s, partial(self._tell_saved, sheet))

    def _tell_saved(self, sheet: OpenDocument) -> None:
        sheet.telling, sheet.saved_s = False, self._clock.monotonic_s()
        payload = {
            "assignment_id": sheet.assignment_id,
            "attempt": sheet.attempt,
            "seq": sheet.seq,
            "state_vector": placeholder(0),
            "saved_at": to_rfc3339(sheet.saved_at_ms),
        }
        told = TopicDelivery(
            topic=entity_of(sheet.assignment_id),
            version=0,
            packet=packet_of(SAVED, _encode(payload)),
            attachments=(state_vector_bytes(sheet.known),),
        )
        self._hub.deliver([told])


def _is_of_another(state: AwarenessState | None, user: str) -> bool:
    return state is not None and state.state is not None and state.state.get("user", {}).get("id") != user


async def _quietly(saying: Awaitable[None]) -> None:
    """Where somebody is matters for a moment: nobody waits for the answer."""
    try:
        await saying
    except CarewireError as error:
        log.debug("sheets.unsaid", code=error.code)
