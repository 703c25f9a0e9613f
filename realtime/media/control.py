"""What flows beside the media: requests and reports, read as they come and written when they are due."""

from typing import TYPE_CHECKING, Final

from realtime.media.budgets import MediaLimits
from realtime.media.parts import aiortc_rtp as rtp
from realtime.media.peer import MediaPeer
from realtime.media.placing import TrackKey
from realtime.media.room import STALLED_S, Listener, MediaPerson, MediaRoom
from realtime.media.rtp import feedback
from realtime.media.rtp.fanout import RtpFanout
from realtime.media.rtp.source import Mapping

if TYPE_CHECKING:
    from realtime.media.rtp.slot import Slot

REPORTS_S: Final = 1.0
LOOKS_S: Final = 0.2  # at who speaks, is lost or has stalled, and at what links carry


class UnitControl:
    """One unit's."""

    def __init__(self, fanout: RtpFanout, listener: Listener, limits: MediaLimits) -> None:
        self._fanout = fanout
        self._listener = listener
        self._limits = limits
        self._reports_at = self._looks_at = 0.0

    def heard(self, room: MediaRoom, peer: MediaPeer, data: bytes, now: float) -> None:
        """RTCP of `peer`. Raises ValueError if it is none."""
        for packet in feedback.parsed(data):
            if isinstance(packet, rtp.RtcpSrPacket):
                source = peer.inlet.source(packet.ssrc)
                if source is not None:
                    info = packet.sender_info
                    source.mapping = Mapping(info.ntp_timestamp, info.rtp_timestamp, now)
            if isinstance(packet, rtp.RtcpSrPacket | rtp.RtcpRrPacket):
                for report in packet.reports:
                    _measured(peer, report, now)
            elif isinstance(packet, rtp.RtcpPsfbPacket):
                self._payload_feedback(room, peer, packet, now)
            elif isinstance(packet, rtp.RtcpRtpfbPacket) and packet.fmt == rtp.RTCP_RTPFB_NACK:
                self._send_again(peer, packet, now)
            elif isinstance(packet, rtp.RtcpByePacket):
                for ssrc in packet.sources:
                    peer.inlet.forget(ssrc)

    def _payload_feedback(self, room: MediaRoom, peer: MediaPeer, packet: rtp.RtcpPsfbPacket, now: float) -> None:
        for ssrc in feedback.asks_for_key_frame(packet):
            slot = peer.by_ssrc.get(ssrc)
            key = peer.placement.get(slot.mid) if slot is not None else None
            if slot is not None and key is not None and slot.source is not None:
                room.ask_for_key_frame(key, slot.source, now)
        if (bps := feedback.estimated_bps(packet)) is not None:
            peer.chooser.heard(bps)
            if (person := room.people.get(peer.person)) is not None:
                room.feed(person, peer, now)

    def _send_again(self, peer: MediaPeer, packet: rtp.RtcpRtpfbPacket, now: float) -> None:
        slot = peer.by_ssrc.get(packet.media_ssrc)
        if slot is None:
            return
        for sequence in packet.lost:
            origin = slot.origin(sequence)
            kept = origin[0].source.kept(origin[1]) if origin is not None else None
            if origin is None or kept is None or not peer.retransmissions.take(len(kept.payload), now):
                continue
            self._fanout.again(slot, origin[0], kept)

    def tick(self, rooms: list[MediaRoom], now: float) -> None:
        """Some 50 times a second."""
        reports, looks = now - self._reports_at >= REPORTS_S, now - self._looks_at >= LOOKS_S
        self._reports_at = now if reports else self._reports_at
        self._looks_at = now if looks else self._looks_at
        for room in rooms:
            for person in [*room.people.values()]:
                if (peer := person.peer) is not None and peer.connected:
                    self._ask(peer, now)
                    if reports:
                        self._report(peer, now)
                    if looks:
                        self._look(room, person, peer, now)
            if looks:
                if room.layered:
                    room.choose_layers(now)
                if room.recorder is not None:
                    room.recorder.tick(now)
            if looks and room.loudest.judge(now):
                self._listener.speaker(room.name, room.loudest.speaker)
                room.arrange(now)

    def _ask(self, peer: MediaPeer, now: float) -> None:
        """For what was lost on its way to us, and for the key frames that somebody waits for."""
        if not peer.inlet.tracks:
            return
        for source in peer.inlet.sources:
            if source.kind == "audio":
                continue
            if lost := source.losses.due(now, peer.rtt_s):
                peer.transport.send_control(feedback.loss_report(source, lost))
            needed = source.waiting or (source.losses.beyond_repair and source.slots)
            if needed and source.may_ask_for_key_frame(now):
                peer.transport.send_control(feedback.key_frame_request(source))
        allowed = peer.inlet.allowed_bps(now)
        if allowed < peer.told_bps or (allowed > peer.told_bps and now - peer.told_at > LOOKS_S):
            self._tell(peer, allowed, now)

    @staticmethod
    def _tell(peer: MediaPeer, bps: int, now: float) -> None:
        """How much may be sent to us (REMB)."""
        streams = [source.ssrc for source in peer.inlet.sources if source.kind == "video"]
        if streams:
            peer.told_bps, peer.told_at = bps, now
            peer.transport.send_control(feedback.bandwidth_estimate(bps, streams))

    def _report(self, peer: MediaPeer, now: float) -> None:
        sources = peer.inlet.sources
        for source in sources:
            source.measure_rate(now)
        if sources:
            self._tell(peer, peer.inlet.allowed_bps(now), now)
            peer.transport.send_control(feedback.receiver_report(sources, now))
        for slot in peer.slots.values():
            if (report := feedback.sender_report(slot, now, peer.cname(slot.mid))) is not None:
                peer.transport.send_control(report)

    def _look(self, room: MediaRoom, person: MediaPerson, peer: MediaPeer, now: float) -> None:
        silent = now - peer.transport.heard_at
        lost = silent > (self._limits.silence_s if _flows(peer, now, silent) else self._limits.idle_silence_s)
        if lost != peer.lost:
            peer.lost = lost
            (self._listener.lost if lost else self._listener.connected)(room.name, person.name)
        for track in peer.inlet.tracks.values():
            since = max(track.last_arrival, track.passing_since, peer.transport.connected_at)
            stalled = track.passing and now - since > STALLED_S
            if stalled != track.stalled:
                track.stalled = stalled
                self._listener.stalled(room.name, TrackKey(person.name, track.name), stalled=stalled)


def _flows(peer: MediaPeer, now: float, silent: float) -> bool:
    """Whether media was under way when they fell silent: who gets or sends it is heard each second."""
    sent = any(slot.source is not None and slot.source.slots for slot in peer.slots.values())
    came = any(source.last_arrival > now - silent - 1 for source in peer.inlet.sources)
    return sent or came


def _measured(peer: MediaPeer, report: rtp.RtcpReceiverInfo, now: float) -> None:
    """What a receiver says of one of its slots."""
    slot: Slot | None = peer.by_ssrc.get(report.ssrc)
    if slot is None:
        return
    peer.loss = report.fraction_lost / 256
    if slot.last_report is not None and report.lsr == slot.last_report[0] and report.lsr:
        peer.rtt_s = max(0.001, now - slot.last_report[1] - report.dlsr / 65536)
