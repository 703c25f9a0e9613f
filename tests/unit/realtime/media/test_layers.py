"""Which layer a receiver gets: down at once, up when there has been room."""

import itertools

from realtime.media.rtp.layers import MOST_PATIENCE_S, UP_AFTER_S, Chooser, Demand

RATES = (150_000.0, 500_000.0, 1_500_000.0)
LOOK_S = 0.2


def demand(most: int = 2, slot: str = "v0", rates: tuple[float, ...] = RATES) -> Demand:
    return Demand(slot, rates, most)


def after(chooser: Chooser, seconds: float, start: float, bps: float | None = None) -> tuple[int, float]:
    """The layer after so many seconds in which the estimate is `bps`, or follows what is sent; and the time then."""
    now, layer = start, chooser.choose([demand()], start)["v0"]
    while now < start + seconds:
        now += LOOK_S
        chooser.heard(bps if bps is not None else 1.5 * RATES[layer])
        layer = chooser.choose([demand()], now)["v0"]
    return layer, now


def test_the_best_until_something_speaks_against_it() -> None:
    assert Chooser().choose([demand()], 0.0) == {"v0": 2}


def test_a_link_of_300_kbit_gets_the_lowest_within_two_seconds() -> None:
    layer, _ = after(Chooser(), 2.0, 0.0, 300_000)
    assert layer == 0


def test_room_is_used_after_five_seconds_step_by_step() -> None:
    chooser = Chooser()
    layer, now = after(chooser, 2.0, 0.0, 160_000)
    assert layer == 0
    layer, now = after(chooser, UP_AFTER_S - 1, now)
    assert layer == 0
    layer, now = after(chooser, 2.0, now)
    assert layer == 1
    layer, now = after(chooser, UP_AFTER_S + 1, now)
    assert layer == 2


def test_who_fails_to_go_up_tries_less_often() -> None:
    chooser = Chooser()
    _, now = after(chooser, 2.0, 0.0, 300_000)
    ups, was = [], 0
    while now < 200:
        layer = chooser.choose([demand()], now)["v0"]
        if layer > was:
            ups.append(now)
        was = layer
        chooser.heard(300_000 if layer == 0 else 250_000)
        now += LOOK_S
    waits = [b - a for a, b in itertools.pairwise(ups)]
    assert waits == sorted(waits)
    assert waits[-1] > 3 * waits[0]
    assert waits[-1] < MOST_PATIENCE_S + 5


def test_an_estimate_that_rises_is_no_reason_to_go_down() -> None:
    chooser = Chooser()
    assert chooser.choose([demand()], 0.0)["v0"] == 2
    for i, bps in enumerate((400_000, 700_000, 1_100_000, 1_600_000)):
        chooser.heard(bps)
        if i:
            assert chooser.choose([demand()], float(i))["v0"] == 2


def test_what_matters_most_gets_most_and_nobody_gets_nothing() -> None:
    chooser = Chooser()
    both = [demand(slot="screen"), demand(slot="camera")]
    chooser.choose(both, 0.0)
    chooser.heard(1_700_000)
    assert chooser.choose(both, 0.2) == {"screen": 2, "camera": 0}


def test_no_more_than_is_wanted_and_at_once_when_more_is_wanted() -> None:
    chooser = Chooser()
    assert chooser.choose([demand(most=0)], 0.0)["v0"] == 0
    assert chooser.choose([demand(most=2)], 0.2)["v0"] == 2


def test_a_stream_thinner_than_the_thinnest_layer_may_be_is_left_alone() -> None:
    chooser = Chooser()
    still = demand(rates=(4_000.0, 8_000.0, 60_000.0))
    chooser.choose([still], 0.0)
    chooser.heard(30_000)
    chooser.heard(30_000)
    assert chooser.choose([still], 0.2)["v0"] == 2
