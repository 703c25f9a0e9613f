"""From deliveries to sockets: each packet is framed once, and the same object goes to everybody who listens. Packets of
one topic that come together are joined once, for all of them."""

from collections.abc import Iterable, Sequence
from functools import partial

from actors.kernel.contract.protocol import Delivery
from common.clock import Clock
from common.logs import get_logger
from realtime.delivery.connections import Connection
from realtime.delivery.deadlines import Deadline, Deadlines
from realtime.delivery.metrics import GatewayMetrics
from realtime.delivery.socket_writer import Run, SocketWriter, event_frame
from realtime.delivery.subscriptions import Subscriptions
from realtime.socketio import Frame

log = get_logger(__name__)


class Fanout:
    """Sends what regions bring. Also ends what lapses by itself (typing): no word is needed from the shard."""

    def __init__(
        self, subscriptions: Subscriptions[Connection], deadlines: Deadlines, clock: Clock, metrics: GatewayMetrics
    ) -> None:
        self._subscriptions = subscriptions
        self._deadlines = deadlines
        self._clock = clock
        self._metrics = metrics
        self._lapses: dict[tuple[str, str], Deadline] = {}

    def deliver(self, deliveries: list[Delivery]) -> None:
        """Send one parcel, in its order. Called by the region, which must not suffer for a bad packet."""
        now_ms = self._clock.platform_ms()
        sent = 0
        for run, hearers in self._subscriptions.runs(deliveries):
            try:
                sent += self._send(run, hearers)
                self._note(run, now_ms)
            except Exception:
                log.exception("fanout.failed", topic=run[0].topic, version=run[0].version)
        self._metrics.deliveries.inc(sent)

    def _send(self, run: Sequence[Delivery], hearers: Iterable[Connection]) -> int:
        """How many packets went out."""
        if not all(delivery.for_all for delivery in run):
            return self._send_apart(run, hearers)
        writers = [connection.writer for connection in hearers]
        if not writers:
            return 0
        prepared = Run(_framed((delivery, delivery.packet) for delivery in run))
        SocketWriter.send_to_all(writers, prepared)
        return len(writers) * len(prepared.frames)

    def _send_apart(self, run: Sequence[Delivery], hearers: Iterable[Connection]) -> int:
        """`_send`, where some get something else. Those of whom none of the run speaks get it as ever."""
        users = {user for one in run for user in (one.skip, *one.skip_also, *one.instead) if user}
        sids = {one.only for one in run if one.only}
        writers, sent = [], 0
        for connection in hearers:
            if connection.user in users or connection.sid in sids:
                own = ((one, one.packet_for(connection.user, connection.sid)) for one in run)
                prepared = Run(_framed((one, packet) for one, packet in own if packet is not None))
                connection.writer.send_run(prepared)
                sent += len(prepared.frames)
            else:
                writers.append(connection.writer)
        prepared = Run(_framed((one, one.packet) for one in run if not one.only))
        if prepared.frames:
            SocketWriter.send_to_all(writers, prepared)
        return sent + len(writers) * len(prepared.frames)

    def _note(self, run: Iterable[Delivery], now_ms: int) -> None:
        for delivery in run:
            if delivery.key:
                self._expect_lapse(delivery)
            if delivery.at_ms:
                self._metrics.delivery_s.observe(max(0, now_ms - delivery.at_ms) / 1000)

    def _expect_lapse(self, delivery: Delivery) -> None:
        place = (delivery.topic, delivery.key)
        if (earlier := self._lapses.pop(place, None)) is not None:
            earlier.cancel()
        if delivery.ttl_s > 0 and delivery.lapse:
            self._lapses[place] = self._deadlines.after(delivery.ttl_s, partial(self._lapse, place, delivery))

    def _lapse(self, place: tuple[str, str], delivery: Delivery) -> None:
        self._lapses.pop(place, None)
        skip, also, only = delivery.skip, delivery.skip_also, delivery.only
        self.deliver([Delivery(delivery.topic, 0, delivery.lapse, skip=skip, skip_also=also, only=only)])


def _framed(run: Iterable[tuple[Delivery, bytes]]) -> list[Frame]:
    """Deliveries with the packet to send. Without those that are no text: they must not hold up the others."""
    frames = []
    for delivery, packet in run:
        try:
            frames.append(event_frame(packet))
        except UnicodeDecodeError:
            log.error("fanout.unreadable", topic=delivery.topic, version=delivery.version)
    return frames
