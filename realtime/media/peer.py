"""One person's connection: a transport, what they send, and the slots in which they get what others send."""

import secrets
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from realtime.media.budgets import Bucket, MediaLimits
from realtime.media.inlet import Inlet
from realtime.media.placing import Placement, SlotMids
from realtime.media.rtp.layers import Chooser
from realtime.media.rtp.slot import Slot, Source
from realtime.media.sdp.answer import Here, SlotStream, answer
from realtime.media.sdp.offer import ABS_SEND_TIME, REPAIRED_RID, SdpOffer, SdpSection, SdpTrack
from realtime.media.wire.transport import Transport

BURST_S: Final = 0.5


class Quality(NamedTuple):
    """How one person's connection does, by what their client reports. `loss`: of what is sent to them, 0 to 1;
    `down_bps`: what they say that they can take, None where they have not."""

    rtt_s: float
    loss: float
    down_bps: float | None


class MediaPeer:
    """Changed by offers and by what arrives. It knows nobody else."""

    def __init__(
        self,
        person: str,
        transport: Callable[[Callable[[], None]], Transport],
        limits: MediaLimits,
        changed: Callable[["MediaPeer"], None],
        settle: Callable[[], None],
    ) -> None:
        """`changed` is called when it is connected, roams, or is closed by its other side; `settle` before a stream of
        theirs ends."""
        self.person = person
        self._changed = changed
        self.transport = transport(self._transport_changed)
        self.inlet = Inlet(person, limits, settle)
        self.slots: dict[str, Slot] = {}
        self.by_ssrc: dict[int, Slot] = {}
        self.order = SlotMids((), ())
        self.placement: Placement = {}
        self.chooser = Chooser()
        self.layers: dict[str, int] = {}  # what it chose, for each slot of video
        self.packets = Bucket(limits.packets_a_second, burst_s=BURST_S)
        self.bytes = Bucket(limits.bytes_a_second, burst_s=BURST_S)
        self.retransmissions = Bucket(limits.retransmitted_bytes_a_second)
        self.announced = False  # whether anybody knows that it is connected
        self.lost = False
        self.told_bps, self.told_at = 0, 0.0  # how much they may send, and when they heard of it
        self.rtt_s = 0.1
        self.loss = 0.0  # of what is sent to them, 0 to 1
        self.refused = 0  # packets above the budget, or malformed
        self._session = secrets.randbits(62)
        self._streams: dict[str, SlotStream] = {}

    @property
    def connected(self) -> bool:
        """Whether media can be sent."""
        return self.transport.connected

    @property
    def quality(self) -> Quality:
        """As it is now."""
        return Quality(self.rtt_s, self.loss, self.chooser.estimate_bps)

    def configure(self, offer: SdpOffer, tracks: Sequence[SdpTrack]) -> None:
        """Take what is offered, and give what has been there before its slot again."""
        sections = {each.mid: each for each in offer.sections}
        self.inlet.configure([(track.source, sections[track.mid]) for track in tracks])
        receiving = [section for section in offer.slots if section.mid not in {track.mid for track in tracks}]
        for mid in [mid for mid in self.slots if mid not in {each.mid for each in receiving}]:
            self._drop(mid)
        self.order = SlotMids(
            tuple(each.mid for each in receiving if each.kind == "audio"),
            tuple(each.mid for each in receiving if each.kind == "video"),
        )
        repairs = _takes_repairs(receiving)
        for section in receiving:
            if section.mid not in self.slots:
                self._add(section, repairs=repairs)
        self._transport_changed()

    def _drop(self, mid: str) -> None:
        slot = self.slots.pop(mid)
        slot.leave()
        slot.wait_for(None)
        for ssrc in [ssrc for ssrc, other in self.by_ssrc.items() if other is slot]:
            del self.by_ssrc[ssrc]
        del self._streams[mid]
        self.placement.pop(mid, None)

    def _add(self, section: SdpSection, *, repairs: bool) -> None:
        mids = self.order.audio if section.kind == "audio" else self.order.video
        rtx = section.rtx_payload_type if repairs else None
        slot = Slot(
            section.mid,
            section.kind,
            self._new_ssrc(),
            section.payload_type,
            rtx_ssrc=None if rtx is None else self._new_ssrc(),
            rtx_payload_type=rtx,
            abs_send_time=section.extensions.get(ABS_SEND_TIME, 0),
        )
        self.slots[section.mid] = slot
        self.by_ssrc[slot.ssrc] = slot
        if slot.rtx_ssrc is not None:
            self.by_ssrc[slot.rtx_ssrc] = slot
        self._streams[section.mid] = SlotStream(slot.ssrc, slot.rtx_ssrc, f"pair{mids.index(section.mid)}")

    def _new_ssrc(self) -> int:
        while (ssrc := secrets.randbits(32)) < 2 or ssrc in self.by_ssrc:
            pass
        return ssrc

    def _transport_changed(self) -> None:
        context, address = self.transport.outbound, self.transport.address
        for slot in self.slots.values():
            slot.context, slot.address = context, address
        self._changed(self)

    def answer(self, offer: SdpOffer, ip: str, port: int, fingerprint: str) -> str:
        """The session description for the client."""
        here = Here(ip, port, self.transport.ufrag, self.transport.password, fingerprint=fingerprint)
        sending = frozenset(track.section.mid for track in self.inlet.tracks.values())
        return answer(offer, here, sending, self._streams, self._session)

    def cname(self, mid: str) -> str:
        """The name that the slots of one pair share."""
        return self._streams[mid].stream

    def release(self) -> None:
        """Feed nobody and be fed by nobody any more."""
        for slot in self.slots.values():
            slot.leave()
            slot.wait_for(None)
        for source in self.inlet.sources:
            released(source)


def released(source: Source) -> None:
    """Take `source` from all slots that it feeds or shall feed."""
    for slot in [*source.slots]:
        slot.leave()
    for slot in [*source.waiting]:
        slot.wait_for(None)


def _takes_repairs(receiving: list[SdpSection]) -> bool:
    """Whether retransmissions as streams of their own would arrive. A client that cannot read what a repair stream
    belongs to (aiortc) finds its section by the payload type, and drops them where several sections have that."""
    videos = [each for each in receiving if each.kind == "video"]
    return len(videos) == 1 or all(REPAIRED_RID in each.extensions for each in videos)
