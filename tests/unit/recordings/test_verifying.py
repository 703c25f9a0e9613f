"""Chains and gaps of what was stored."""

from dataclasses import replace

from actors.recordings.state import StreamGap
from serve_app.capabilities.meetings.recordings.manifests import GENESIS, GapRow, Manifest, SegmentRow, linked
from serve_app.capabilities.meetings.recordings.verifying import chained, follower, gaps_of, integrity_of, track_of


def a_manifest(
    *spans: tuple[int, int], track: str = "trk_1", done: bool = True, gaps: tuple[GapRow, ...] = ()
) -> Manifest:
    segments = tuple(SegmentRow(n, begin, end, 10, f"{n:02x}" * 32) for n, (begin, end) in enumerate(spans))
    chain = GENESIS
    for segment in segments:
        chain = linked(chain, segment.sha256)
    return Manifest(
        track=track,
        recording="rec_1",
        meeting="mtg_1",
        participant="prt_ann",
        user="ann",
        source="camera",
        codec="vp8",
        epoch=1,
        life="l",
        began=spans[0][0],
        segments=segments,
        gaps=gaps,
        chain=chain,
        done=done,
    )


def test_a_chain_holds_until_something_is_taken_out_put_in_or_exchanged() -> None:
    whole = a_manifest((0, 1), (1, 2), (2, 3))
    first, second, third = whole.segments
    assert chained(whole)
    assert not chained(replace(whole, segments=(first, third)))
    assert not chained(replace(whole, segments=(first, second)))
    assert not chained(replace(whole, segments=(first, replace(second, sha256="ff" * 32), third)))
    assert not chained(replace(whole, segments=(second, first, third)))


def test_a_worker_that_was_killed_leaves_a_gap_until_the_next_piece_or_the_end() -> None:
    before, after = a_manifest((0, 1000), done=False), a_manifest((4000, 5000), track="trk_2")
    assert follower(before, [before, after]) is after
    assert follower(after, [before, after]) is None
    assert gaps_of(before, after, 9000) == [StreamGap(1000, 4000, "killed")]
    assert gaps_of(before, None, 9000) == [StreamGap(1000, 9000, "killed")]
    assert gaps_of(replace(before, done=True), after, 9000) == [StreamGap(1000, 4000, "moved")]
    assert gaps_of(replace(before, done=True), None, 9000) == []


def test_what_was_lost_on_the_way_is_a_gap_and_integrity_says_so() -> None:
    manifest = a_manifest((0, 1000), gaps=(GapRow(200, 400, "lost"),))
    track = track_of(manifest, "aa", gaps_of(manifest, None, 1000))
    assert track.gaps == (StreamGap(200, 400, "lost"),)
    assert integrity_of([track], broken=False) == "gaps"
    assert integrity_of([], broken=False) == "verified"
    assert integrity_of([track], broken=True) == "broken"
