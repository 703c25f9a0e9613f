"""Single rules of presence, each with its edge."""

import pytest

from actors.presence.presence import Presence
from actors.presence.state import Instant, Memory, State

MS = 1_700_000_000_000


def at(s: float) -> Instant:
    return Instant(s, MS + int(s * 1000))


def a_presence(*gateways: str, settled: bool = True) -> Presence:
    presence = Presence(grace_s=5.0, lease_s=10.0, settled=settled)
    for gateway in gateways:
        presence.open(gateway, at(0))
    return presence


def told(presence: Presence, gateway: str = "w") -> list[tuple[str, str, int]]:
    """(user, status, devices) of what the gateway is to be sent."""
    return [(state.user, state.status, state.devices) for state in presence.take(gateway, 100)]


def known(presence: Presence, user: str, memory: Memory | None = None, s: float = 0.0) -> None:
    presence.to_load.pop(user, None)
    presence.remember(user, memory, at(s))


def test_nothing_is_told_in_the_grace_and_offline_exactly_at_its_end() -> None:
    presence = a_presence("g", "w")
    presence.watch("w", "ann", at(0))
    presence.seat("g", "ann", ("phone", "laptop"), at(0))
    known(presence, "ann")
    assert told(presence) == [("ann", "online", 2)]
    presence.seat("g", "ann", (), at(1))
    presence.heard("g", at(5))
    presence.heard("w", at(5))
    presence.tick(at(5.99))
    assert told(presence) == []
    presence.tick(at(6))
    assert [(one.status, one.last_seen_ms) for one in presence.take("w", 9)] == [("offline", MS + 1000)]


def test_without_the_grace_a_reload_would_be_told() -> None:
    """The twin: the same reload with no grace is an absence."""
    for grace_s, expected in [(5.0, []), (0.0, ["offline", "online"])]:
        presence = Presence(grace_s=grace_s, lease_s=10.0)
        for gateway in ("g", "w"):
            presence.open(gateway, at(0))
        presence.watch("w", "ann", at(0))
        presence.seat("g", "ann", ("phone",), at(0))
        known(presence, "ann")
        told(presence)
        presence.seat("g", "ann", (), at(1))
        presence.tick(at(1))
        heard = [status for _, status, _ in told(presence)]
        presence.seat("g", "ann", ("phone",), at(1.5))
        heard += [status for _, status, _ in told(presence)]
        assert heard == expected


def test_a_silent_gateway_is_closed_after_its_lease_and_its_users_were_last_seen_when_it_was_heard_last() -> None:
    presence = a_presence("g", "w")
    presence.watch("w", "ann", at(0))
    presence.seat("g", "ann", ("phone",), at(0))
    known(presence, "ann")
    presence.heard("g", at(2))
    told(presence)
    presence.heard("w", at(11.9))
    assert presence.tick(at(11.9)) == []
    assert presence.tick(at(12)) == ["g"]
    presence.tick(at(16.9))
    assert told(presence) == []
    presence.heard("w", at(17))
    presence.tick(at(17))
    assert [(one.status, one.last_seen_ms) for one in presence.take("w", 9)] == [("offline", MS + 2000)]


def test_who_is_not_known_yet_is_not_shown_at_all() -> None:
    """They may have been invisible when they were here last."""
    presence = a_presence("g", "w")
    presence.watch("w", "ann", at(0))
    presence.seat("g", "ann", ("phone",), at(0))
    assert told(presence) == []
    known(presence, "ann", Memory("invisible", MS - 9000, MS - 8000, 1))
    (state,) = presence.take("w", 9)
    assert state.status == "invisible"
    assert state.for_others() == State(
        user="ann", status="offline", devices=0, last_seen_ms=MS - 8000, at_ms=state.at_ms
    )


def test_a_choice_made_before_the_memory_was_read_outlasts_it_whatever_the_clocks_say() -> None:
    presence = a_presence("g", "w")
    presence.watch("w", "ann", at(0))
    presence.seat("g", "ann", ("phone",), at(0))
    presence.choose("ann", "busy", MS - 50_000, at(0))
    assert told(presence) == [("ann", "busy", 1)]
    assert not presence.memories
    known(presence, "ann", Memory("invisible", MS - 9000, MS - 8000, MS + 99))
    assert told(presence) == []
    kept = presence.memories["ann"]
    assert (kept.choice, kept.seen_ms) == ("busy", MS - 8000)
    assert kept.version > MS + 99


def test_a_choice_told_again_counts_by_its_time() -> None:
    presence = a_presence("g", "w")
    presence.seat("g", "ann", ("phone",), at(0))
    known(presence, "ann", Memory("away", MS + 500, 0, 1))
    presence.watch("w", "ann", at(0))
    presence.choose("ann", "busy", MS + 400, at(1), again=True)
    assert told(presence) == [("ann", "away", 1)]
    presence.choose("ann", "busy", MS + 400, at(1))
    assert told(presence) == [("ann", "busy", 1)]


def test_until_the_gateways_have_reported_nobody_is_called_offline() -> None:
    presence = a_presence("g", "w", settled=False)
    for user in ("ann", "bob"):
        presence.watch("w", user, at(0))
        known(presence, user)
    assert told(presence) == []
    presence.seat("g", "bob", ("phone",), at(1))
    assert told(presence) == [("bob", "online", 1)]
    presence.settle(at(3))
    assert told(presence) == [("ann", "offline", 0)]


@pytest.mark.parametrize("ago_s", [2.0, 6.0])
def test_a_departure_that_a_dead_shard_took_with_it_is_told_again(ago_s: float) -> None:
    """Still in their grace, or past it: either way nobody who thinks them offline hears that they came back."""
    presence = a_presence("g", "w", settled=False)
    presence.watch("w", "ann", at(0))
    known(presence, "ann")
    presence.seat("g", "ann", (), at(7), left_ago_s=ago_s)
    assert told(presence) == []
    for gateway in ("g", "w"):
        presence.heard(gateway, at(10))
    presence.tick(at(10))
    presence.settle(at(10))
    assert told(presence) == [("ann", "offline", 0)]
    assert presence.memories["ann"].seen_ms == at(7).ms - int(ago_s * 1000)


def test_leaving_unseen_does_not_betray_the_invisible() -> None:
    presence = a_presence("g", "w")
    presence.seat("g", "ann", ("phone",), at(0))
    known(presence, "ann")
    presence.choose("ann", "invisible", MS, at(1))
    presence.seat("g", "ann", (), at(3))
    presence.tick(at(8))
    assert len(presence) == 0
    assert presence.memories["ann"].seen_ms == at(1).ms
    presence.watch("w", "ann", at(9))  # read from what waits to be written
    assert not presence.to_load
    assert [one.last_seen_ms for one in presence.take("w", 9)] == [at(1).ms]


def test_a_change_marks_its_watchers_and_nobody_else() -> None:
    names = [f"w{number}" for number in range(50)]
    presence = a_presence("g", *names)
    for number in range(200):
        presence.seat("g", f"u{number}", ("d",), at(0))
        known(presence, f"u{number}")
    for name in names[:7]:
        presence.watch(name, "u3", at(0))
    presence.stirred.clear()
    before = presence.marks
    presence.choose("u3", "busy", MS, at(1))
    assert presence.marks - before == 7
    assert presence.stirred == set(names[:7])
