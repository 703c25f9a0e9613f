"""A slot stays one stream, whatever feeds it."""

import itertools
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.media.rtp.slot import Slot, Source
from realtime.media.rtp.source import KeptPacket
from realtime.media.rtp.vp8 import Descriptor

FRAME_S = 1 / 30


@dataclass
class Sender:
    """One source, and where its numbers stand: each frame is one packet."""

    source: Source
    sequence: int
    timestamp: int
    picture: int
    lost: list[KeptPacket] = field(default_factory=list)

    def frame(self, now: float) -> KeptPacket:
        """The next packet, with the clock of its sender."""
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.picture = (self.picture + 1) & 0x7FFF
        timestamp = (self.timestamp + int(now * 90000)) & 0xFFFFFFFF
        said = Descriptor(4, True, True, 2, True, self.picture, 3, self.picture & 0xFF)
        return KeptPacket(self.source.extended(self.sequence), 0, timestamp, now, b"payload", said)


def came(
    sender: Sender, kept: KeptPacket, slot: Slot, now: float, sent: list[tuple[int, int, int, int, float, KeptPacket]]
) -> None:
    """What the room does with a packet of video."""
    source = sender.source
    if source.kept(kept.sequence) is not None:
        return
    source.came(kept.sequence, kept.timestamp, len(kept.payload), now)
    source.keep(kept)
    if slot in source.waiting:
        slot.wait_for(None)
        slot.take(source, kept.sequence, kept.timestamp, now, kept.said.picture, kept.said.tl0)
    if slot.source is source and kept.sequence >= slot.first:
        sent.append(
            (
                kept.sequence + slot.sequence,
                (kept.timestamp + slot.timestamp) & 0xFFFFFFFF,
                (kept.said.picture + slot.picture) & 0x7FFF,
                (kept.said.tl0 + slot.tl0) & 0xFF,
                now,
                kept,
            )
        )


steps = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from(["send", "send", "send", "send", "lose", "late", "again", "switch", "stop"])
    ),
    min_size=1,
    max_size=150,
)
starts = st.lists(
    st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.integers(0, 0x7FFF)), min_size=3, max_size=3
)


@settings(max_examples=200, deadline=None)
@given(starts, steps)
def test_losses_reorderings_repeats_and_changes_of_source_leave_one_stream(
    starts: list[tuple[int, int, int]], steps: list[tuple[int, str]]
) -> None:
    senders = [Sender(Source(i, "video"), *start) for i, start in enumerate(starts)]
    slot = Slot("0", "video", 9, 96)
    sent: list[tuple[int, int, int, int, float, KeptPacket]] = []
    now, last = 100.0, [KeptPacket(-1, 0, 0, 0, b"", Descriptor(0, False, False, -1, False, 0, -1, 0))] * 3
    for which, step in steps:
        sender = senders[which]
        now += FRAME_S
        if step == "switch":
            slot.leave()
            slot.wait_for(sender.source)
        elif step == "stop":
            slot.leave()
            slot.wait_for(None)
        elif step == "lose":
            sender.lost.append(sender.frame(now))
        elif step == "late" and sender.lost and sender.source.highest >= 0:
            came(sender, sender.lost.pop(), slot, now, sent)
        elif step == "again" and last[which].sequence >= 0:
            came(sender, last[which], slot, now, sent)
        elif step == "send":
            last[which] = sender.frame(now)
            came(sender, last[which], slot, now, sent)
    numbers = [each[0] for each in sent]
    assert len(set(numbers)) == len(numbers), "a number was used for two packets"
    in_order = sorted(sent, key=lambda each: each[0])
    for before, after in itertools.pairwise(in_order):
        assert after[0] - before[0] <= 1 + len(steps)
        assert 0 < (after[1] - before[1]) & 0xFFFFFFFF < 0x80000000, "timestamps grow"
        assert 0 < (after[2] - before[2]) & 0x7FFF < 0x4000, "picture ids grow"
    for number, timestamp, picture, _tl0, _now, kept in sent[-64:]:
        found = slot.origin(number & 0xFFFF)
        if found is None:
            continue  # so many changes ago that it is forgotten
        span, extended = found
        assert (extended, span.source.kept(extended)) == (kept.sequence, kept), "a request finds the packet it is about"
        assert (kept.timestamp + span.timestamp) & 0xFFFFFFFF == timestamp
        assert (kept.said.picture + span.picture) & 0x7FFF == picture


@settings(max_examples=100, deadline=None)
@given(starts, st.lists(st.integers(0, 2), min_size=1, max_size=60))
def test_without_losses_there_is_no_hole(starts: list[tuple[int, int, int]], feeders: list[int]) -> None:
    senders = [Sender(Source(i, "video"), *start) for i, start in enumerate(starts)]
    slot = Slot("0", "video", 9, 96)
    sent: list[tuple[int, int, int, int, float, KeptPacket]] = []
    now = 0.0
    for feeder in feeders:
        slot.leave()
        slot.wait_for(senders[feeder].source)
        for _ in range(3):
            now += FRAME_S
            for sender in senders:
                came(sender, sender.frame(now), slot, now, sent)
    first = sent[0]
    for i, each in enumerate(sent):
        assert each[0] - first[0] == i
        assert (each[2] - first[2]) & 0x7FFF == i & 0x7FFF
        assert (each[3] - first[3]) & 0xFF == i & 0xFF
        assert abs(((each[1] - first[1]) & 0xFFFFFFFF) / 90000 - (each[4] - first[4])) < 0.01, (
            "by the clock on the wall"
        )


def test_twin_without_shifting_two_sources_use_a_number_twice() -> None:
    senders = [Sender(Source(i, "video"), 100, 0, 0) for i in range(2)]
    slot = Slot("0", "video", 9, 96)
    plain: list[tuple[int, int, int, int, float, KeptPacket]] = []
    for i, sender in enumerate(senders):
        slot.leave()
        slot.wait_for(sender.source)
        came(sender, sender.frame(float(i)), slot, float(i), plain)
    assert plain[0][5].sequence == plain[1][5].sequence
    assert plain[0][0] != plain[1][0]
