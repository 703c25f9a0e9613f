"""Who is shown in which slot of a receiver.

The n-th audio and the n-th video slot are a pair: a person's microphone and camera go into one, so that lips and sound
stay together.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class TrackKey(NamedTuple):
    """Whose, and which: "microphone", "camera" or "screen"."""

    person: str
    source: str


class SlotMids(NamedTuple):
    """The mids of a receiver's slots, in the order of its offer."""

    audio: tuple[str, ...]
    video: tuple[str, ...]

    @property
    def pairs(self) -> int:
        """How many there are; the last may lack a half."""
        return max(len(self.audio), len(self.video))


Placement = dict[str, TrackKey | None]


def placed(
    slots: SlotMids,
    tracks: Sequence[TrackKey],
    speakers: Sequence[str] = (),
    pins: Mapping[str, TrackKey] | None = None,
    before: Mapping[str, TrackKey | None] | None = None,
) -> Placement:
    """Put `tracks` (in the order in which their people came) into `slots`.

    Screens come first, then who speaks (`speakers`, the last first), then who came first. Whoever has a place keeps it
    for as long as nobody with a better claim has none. `pins`: what a receiver wants in a certain slot.
    """
    available = set(tracks)
    fixed = {mid: key for mid, key in (pins or {}).items() if key in available and mid in (*slots.audio, *slots.video)}
    free = [key for key in tracks if key not in fixed.values()]
    holders = _holders(slots, before or {})
    units = _units(free, speakers)
    taken: dict[int, tuple[TrackKey, ...]] = {}
    waiting = []
    for unit in units[: slots.pairs]:
        pair = next((each for each in holders.get(unit[0], ()) if each not in taken), None)
        if pair is not None and _fits(slots, pair, unit, fixed):
            taken[pair] = unit
        else:
            waiting.append(unit)
    for unit in [*waiting, *units[slots.pairs :]]:
        screen = unit[0].source == "screen"
        order = range(slots.pairs - 1, -1, -1) if screen else range(slots.pairs)
        for part in (unit, unit[1:]):  # where there is no slot for their sound, their picture alone
            held = holders.get(part[0], []) if part else []
            possible = [each for each in (*held, *order) if part and each not in taken]
            pair = next((each for each in possible if _fits(slots, each, part, fixed)), None)
            if pair is not None:
                taken[pair] = part
                break
    result: Placement = dict.fromkeys((*slots.audio, *slots.video))
    for pair, unit in taken.items():
        for key in unit:
            mids = slots.audio if key.source == "microphone" else slots.video
            if pair < len(mids) and mids[pair] not in fixed:
                result[mids[pair]] = key
    return {**result, **fixed}


def _units(tracks: Sequence[TrackKey], speakers: Sequence[str]) -> list[tuple[TrackKey, ...]]:
    """What goes together, the first claim first."""
    screens = [(key,) for key in tracks if key.source == "screen"]
    people: dict[str, list[TrackKey]] = {}
    for key in tracks:
        if key.source != "screen":
            people.setdefault(key.person, []).append(key)
    ranks = {person: rank for rank, person in enumerate(speakers)}
    order = sorted(people, key=lambda person: ranks.get(person, len(ranks)))
    return [*screens, *(tuple(people[person]) for person in order)]


def _holders(slots: SlotMids, before: Mapping[str, TrackKey | None]) -> dict[TrackKey, list[int]]:
    """In which pair each track, or another of the same person, was."""
    found: dict[TrackKey, list[int]] = {}
    for mids in (slots.audio, slots.video):
        for pair, mid in enumerate(mids):
            key = before.get(mid)
            if key is None:
                continue
            names = ("screen",) if key.source == "screen" else ("microphone", "camera")
            for name in names:
                found.setdefault(TrackKey(key.person, name), []).append(pair)
    return found


def _fits(slots: SlotMids, pair: int, unit: tuple[TrackKey, ...], fixed: Mapping[str, TrackKey]) -> bool:
    """Whether at least what matters most of `unit` has a slot in `pair`: its picture if that is all, else its sound."""
    mids = slots.audio if unit[0].source == "microphone" else slots.video
    return pair < len(mids) and mids[pair] not in fixed
