"""What a recording has become: how whole each track is, and where something is missing. Pure."""

from collections.abc import Sequence
from typing import Final

from actors.recordings.state import Integrity, StreamGap, Track
from serve_app.capabilities.meetings.recordings.manifests import GENESIS, Manifest, linked

_LEAST_MS: Final = 500  # between two pieces of a track that is worth a name


def chained(manifest: Manifest) -> bool:
    """Whether its segments follow each other, none is missing, and the chain is theirs."""
    chain = GENESIS
    for place, segment in enumerate(manifest.segments):
        if segment.n != place:
            return False
        chain = linked(chain, segment.sha256)
    return chain == manifest.chain


def gaps_of(manifest: Manifest, after: Manifest | None, stopped: int) -> list[StreamGap]:
    """Where something is missing from a track. `after`: the piece of the same source that follows it. `stopped`: when
    the recording was."""
    gaps = [StreamGap(each.begin, each.end, each.reason) for each in manifest.gaps]
    if after is not None:
        if after.begin - manifest.end > _LEAST_MS:
            reason = "moved" if manifest.done else "killed"
            gaps.append(StreamGap(manifest.end, after.begin, reason))
    elif not manifest.done and stopped > manifest.end:
        gaps.append(StreamGap(manifest.end, stopped, "killed"))
    return sorted(gaps, key=lambda gap: gap.begin)


def follower(manifest: Manifest, all_: Sequence[Manifest]) -> Manifest | None:
    """The next piece of the same source of the same person."""
    later = [
        each
        for each in all_
        if (each.participant, each.source) == (manifest.participant, manifest.source)
        and each.began > manifest.began
        and each.segments
    ]
    return min(later, key=lambda each: each.began, default=None)


def track_of(manifest: Manifest, sha256: str, gaps: Sequence[StreamGap]) -> Track:
    """As it is kept for good."""
    return Track(
        id=manifest.track,
        participant=manifest.participant,
        user=manifest.user,
        source=manifest.source,  # type: ignore[arg-type] # of the forwarding unit, which knows these three
        codec=manifest.codec,
        begin=manifest.begin,
        end=manifest.end,
        bytes=manifest.bytes,
        sha256=sha256,
        chain=manifest.chain,
        gaps=tuple(gaps),
    )


def integrity_of(tracks: Sequence[Track], *, broken: bool) -> Integrity:
    """Of all of them."""
    if broken:
        return "broken"
    return "gaps" if any(track.gaps for track in tracks) else "verified"
