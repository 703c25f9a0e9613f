"""From deliveries to sockets: each packet is framed once, and the same object goes to everybody who listens. Packets of
one topic that come together are joined once, for all of them."""

from collections.abc import Iterable, Sequence
from functools import partial

import msgspec

from actors.kernel.contract.protocol import TopicDelivery, without_attachments
from common.clock import Clock
from common.logs import get_logger
from realtime.delivery.connections import Connection
from realtime.delivery.deadlines import Deadline, Deadlines
from realtime.delivery.metrics import GatewayMetrics
from realtime.delivery.socket_writer import Run, SocketWriter, event_frames
from realtime.delivery.subscriptions import GatewayTopics

log = get_logger(__name__)


class Fanout:
    """Sends what regions bring. Also ends what lapses by itself (typing): no word is needed from the shard."""

    def __init__(
        self, subscriptions: GatewayTopics[Connection], deadlines: Deadlines, clock: Clock, metrics: GatewayMetrics
    ) -> None:
        self._subscriptions = subscriptions
        self._deadlines = deadlines
        self._clock = clock
        self._metrics = metrics
        self._lapses: dict[tuple[str, str], Deadline] = {}

    def deliver(self, deliveries: list[TopicDelivery]) -> None:
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

    def _send(self, run: Sequence[TopicDelivery], hearers: Iterable[Connection]) -> int:
        """Send to a socket; answers how many packets went out."""
        if not all(delivery.for_all and not delivery.attachments for delivery in run):
            return self._send_apart(run, hearers)
        writers = [connection.writer for connection in hearers]
        if not writers:
            return 0
        prepared = _run(run)
        SocketWriter.send_to_all(writers, prepared)
        return len(writers) * len(prepared.deliveries)

    def _send_apart(self, run: Sequence[TopicDelivery], hearers: Iterable[Connection]) -> int:
        """`_send`, where some get something else. Those of whom none of the run speaks get it as ever."""
        users = {user for one in run for user in (one.skip, *one.skip_also, *one.instead) if user}
        sids = {one.only for one in run if one.only}
        binary = any(one.attachments for one in run)
        writers, sent = [], 0
        for connection in hearers:
            if connection.user in users or connection.sid in sids or (binary and not connection.binary):
                prepared = _run([own for one in run if (own := _as_sent(one, connection)) is not None])
                connection.writer.send_run(prepared)
                sent += len(prepared.deliveries)
            else:
                writers.append(connection.writer)
        prepared = _run([one for one in run if not one.only])
        if prepared.frames:
            SocketWriter.send_to_all(writers, prepared)
        return sent + len(writers) * len(prepared.deliveries)

    def _note(self, run: Iterable[TopicDelivery], now_ms: int) -> None:
        for delivery in run:
            if delivery.key:
                self._expect_lapse(delivery)
            if delivery.at_ms:
                self._metrics.delivery_s.observe(max(0, now_ms - delivery.at_ms) / 1000)

    def _expect_lapse(self, delivery: TopicDelivery) -> None:
        place = (delivery.topic, delivery.key)
        if (earlier := self._lapses.pop(place, None)) is not None:
            earlier.cancel()
        if delivery.ttl_s > 0 and delivery.lapse:
            self._lapses[place] = self._deadlines.after(delivery.ttl_s, partial(self._lapse, place, delivery))

    def _lapse(self, place: tuple[str, str], delivery: TopicDelivery) -> None:
        self._lapses.pop(place, None)
        skip, also, only = delivery.skip, delivery.skip_also, delivery.only
        self.deliver(
            [
                TopicDelivery(
                    topic=delivery.topic, version=0, packet=delivery.lapse, skip=skip, skip_also=also, only=only
                )
            ]
        )


def _as_sent(delivery: TopicDelivery, connection: Connection) -> TopicDelivery | None:
    """The delivery with what this socket gets of it; None: nothing."""
    packet = delivery.packet_for(connection.user, connection.sid)
    if packet is None:
        return None
    attachments = delivery.attachments if packet is delivery.packet else ()
    if attachments and not connection.binary:
        packet, attachments = without_attachments(packet, attachments), ()
    return msgspec.structs.replace(delivery, packet=packet, attachments=attachments)


def _run(deliveries: Sequence[TopicDelivery]) -> Run:
    """Deliveries as frames. Without those that are no text: they must not hold up the others."""
    frames, sent = [], []
    for delivery in deliveries:
        try:
            frames += event_frames(delivery.packet, delivery.attachments)
        except UnicodeDecodeError:
            log.error("fanout.unreadable", topic=delivery.topic, version=delivery.version)
        else:
            sent.append(delivery)
    return Run(frames, sent)
