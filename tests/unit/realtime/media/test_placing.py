"""Who is in which slot."""

from hypothesis import given
from hypothesis import strategies as st

from realtime.media.placing import Placement, SlotMids, TrackKey, placed

PEOPLE = ("ann", "ben", "cat", "dan", "eve")
tracks = st.lists(
    st.builds(TrackKey, st.sampled_from(PEOPLE), st.sampled_from(["microphone", "camera", "screen"])), unique=True
)
slots = st.builds(
    lambda audio, video: SlotMids(tuple(f"a{i}" for i in range(audio)), tuple(f"v{i}" for i in range(video))),
    st.integers(0, 4),
    st.integers(0, 4),
)


def both(person: str) -> list[TrackKey]:
    return [TrackKey(person, "microphone"), TrackKey(person, "camera")]


@given(slots, tracks, st.lists(st.sampled_from(PEOPLE), unique=True), tracks)
def test_nobody_is_shown_twice_or_in_a_slot_of_the_other_kind(
    slots: SlotMids, tracks: list[TrackKey], speakers: list[str], earlier: list[TrackKey]
) -> None:
    placement = placed(slots, tracks, speakers, before=placed(slots, earlier))
    assert set(placement) == {*slots.audio, *slots.video}
    shown = [key for key in placement.values() if key is not None]
    assert len(set(shown)) == len(shown)
    assert set(shown) <= set(tracks)
    for mid, key in placement.items():
        assert key is None or (mid[0] == "a") == (key.source == "microphone")


@given(slots, tracks, st.lists(st.sampled_from(PEOPLE), unique=True))
def test_a_microphone_and_its_camera_are_a_pair(slots: SlotMids, tracks: list[TrackKey], speakers: list[str]) -> None:
    placement = placed(slots, tracks, speakers)
    where = {key: mid[1:] for mid, key in placement.items() if key is not None}
    for person in PEOPLE:
        microphone, camera = where.get(TrackKey(person, "microphone")), where.get(TrackKey(person, "camera"))
        assert microphone is None or camera is None or microphone == camera


@given(slots, tracks, st.lists(st.sampled_from(PEOPLE), unique=True))
def test_asking_again_changes_nothing(slots: SlotMids, tracks: list[TrackKey], speakers: list[str]) -> None:
    placement = placed(slots, tracks, speakers)
    assert placed(slots, tracks, speakers, before=placement) == placement


def test_screens_come_first_then_who_speaks_then_who_came_first() -> None:
    slots = SlotMids(("a0", "a1"), ("v0", "v1"))
    everybody = [*both("ann"), *both("ben"), *both("cat"), TrackKey("dan", "screen")]
    placement = placed(slots, everybody, speakers=["cat"])
    assert placement == {
        "a0": TrackKey("cat", "microphone"),
        "v0": TrackKey("cat", "camera"),
        "v1": TrackKey("dan", "screen"),
        "a1": None,
    }


def test_who_has_a_place_keeps_it_when_somebody_leaves() -> None:
    slots = SlotMids(("a0", "a1", "a2"), ("v0", "v1", "v2"))
    before = placed(slots, [*both("ann"), *both("ben"), *both("cat")])
    after = placed(slots, [*both("ben"), *both("cat"), *both("dan")], before=before)
    assert {mid: key for mid, key in after.items() if key and key.person != "dan"} == {
        mid: key for mid, key in before.items() if key and key.person != "ann"
    }
    assert after["v0"] == TrackKey("dan", "camera")


def test_a_pin_is_kept_and_what_it_names_is_not_shown_elsewhere() -> None:
    slots = SlotMids(("a0", "a1"), ("v0", "v1"))
    pins = {"v1": TrackKey("ann", "camera")}
    placement: Placement = placed(slots, [*both("ann"), *both("ben")], pins=pins)
    assert placement["v1"] == TrackKey("ann", "camera")
    assert list(placement.values()).count(TrackKey("ann", "camera")) == 1


def test_where_there_is_no_slot_for_their_sound_people_are_seen_all_the_same() -> None:
    slots = SlotMids((), ("v0", "v1"))
    before = placed(slots, [*both("ann"), *both("ben")])
    assert before == {"v0": TrackKey("ann", "camera"), "v1": TrackKey("ben", "camera")}
    assert placed(slots, [*both("cat"), *both("ben")], before=before)["v1"] == TrackKey("ben", "camera")
    mixed = placed(SlotMids(("a0",), ("v0", "v1")), [*both("ann"), *both("ben")])
    assert mixed == {
        "a0": TrackKey("ann", "microphone"),
        "v0": TrackKey("ann", "camera"),
        "v1": TrackKey("ben", "camera"),
    }
