"""The judge is judged first: it must find each kind of harm, and nothing where there is none."""

from collections.abc import Callable

import pytest

from tests.chaos.ledger import Copy, Ledger, Place, Said

ANN, BEN = Place("ann", "r"), Place("ben", "r")


def copy(seq: int, sender: str = "ann") -> Copy:
    return Copy(seq, f"msg_{seq}", Said("r", sender, f"c{seq}"))


def a_good_run() -> tuple[Ledger, dict[str, list[Copy]]]:
    """Ann and Ben say two messages each; both hear all four."""
    history = [copy(4), copy(5, "ben"), copy(6), copy(7, "ben")]
    ledger = Ledger(start={"r": 3})
    for at_s, one in enumerate(history):
        ledger.sends(one.said, float(at_s))
        ledger.acks(one.said, one.seq, one.id, at_s + 0.25)
        for place in (ANN, BEN):
            ledger.hears(place, one, at_s + 0.5)
    return ledger, {"r": history}


def test_a_good_run_breaks_nothing_and_tells_its_pauses() -> None:
    ledger, history = a_good_run()
    assert ledger.broken(history) == []
    assert (ledger.unacknowledged(), ledger.unheard()) == ([], [])
    assert (ledger.slowest_ack_s, ledger.slowest_delivery_s) == (0.25, 0.5)


def lose_from_history(ledger: Ledger, history: list[Copy]) -> None:
    del history[-1]
    for copies in ledger.heard.values():
        del copies[-1]


def double_in_history(ledger: Ledger, history: list[Copy]) -> None:
    again = Copy(8, "msg_8", history[0].said)
    history.append(again)
    for copies in ledger.heard.values():
        copies.append(again)


def swap_a_senders_messages(ledger: Ledger, history: list[Copy]) -> None:
    first, second = history[0], history[2]
    history[0], history[2] = Copy(first.seq, first.id, second.said), Copy(second.seq, second.id, first.said)
    for copies in ledger.heard.values():
        copies[:] = history
    ledger.acked[first.said], ledger.acked[second.said] = (6, "msg_6"), (4, "msg_4")


def leave_a_gap(ledger: Ledger, history: list[Copy]) -> None:
    history[-1] = history[-1]._replace(seq=9)
    ledger.acked[history[-1].said] = (9, "msg_7")
    for copies in ledger.heard.values():
        copies[-1] = history[-1]


def invent_in_history(ledger: Ledger, history: list[Copy]) -> None:
    history.append(copy(8, "eve"))
    for copies in ledger.heard.values():
        copies.append(history[-1])


def acknowledge_as_another(ledger: Ledger, history: list[Copy]) -> None:
    ledger.acked[history[0].said] = (5, "msg_5")


def acknowledge_twice_differently(ledger: Ledger, history: list[Copy]) -> None:
    ledger.acks(history[0].said, 9, "msg_9", 1.0)


def never_acknowledge(ledger: Ledger, history: list[Copy]) -> None:
    del ledger.acked[history[0].said]


def lose_on_a_socket(ledger: Ledger, history: list[Copy]) -> None:
    del ledger.heard[BEN][1]


def double_on_a_socket(ledger: Ledger, history: list[Copy]) -> None:
    ledger.heard[BEN].append(ledger.heard[BEN][1])


def reorder_on_a_socket(ledger: Ledger, history: list[Copy]) -> None:
    heard = ledger.heard[BEN]
    heard[1], heard[2] = heard[2], heard[1]


def hear_what_is_not_stored(ledger: Ledger, history: list[Copy]) -> None:
    ledger.heard[BEN].append(copy(8))


def hear_another_version(ledger: Ledger, history: list[Copy]) -> None:
    ledger.heard[BEN][1] = ledger.heard[BEN][1]._replace(id="msg_other")


def be_deaf(ledger: Ledger, history: list[Copy]) -> None:
    ledger.heard[BEN] = []


def show_an_error(ledger: Ledger, history: list[Copy]) -> None:
    ledger.fails("unavailable")


HARMS: dict[Callable[[Ledger, list[Copy]], None], str] = {
    lose_from_history: "was acknowledged as (7, 'msg_7'), and is lost",
    double_in_history: "stands there 2 times",
    swap_a_senders_messages: "not in the order of sending",
    leave_a_gap: "the seqs are not 4, 5, ...",
    invent_in_history: "nobody said",
    acknowledge_as_another: "was acknowledged as (5, 'msg_5'), and is (4, 'msg_4')",
    acknowledge_twice_differently: "then as (9, 'msg_9')",
    never_acknowledge: "was never acknowledged",
    lose_on_a_socket: "ben in r: never heard",
    double_on_a_socket: "ben in r: heard",
    reorder_on_a_socket: "ben in r: heard in another order: [4, 6, 5, 7]",
    hear_what_is_not_stored: "which is not in the history",
    hear_another_version: "ben in r: never heard",
    be_deaf: "ben in r: never heard",
    show_an_error: "unavailable",
}


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__.replace("_", " "))
def test_every_kind_of_harm_is_found(harm: Callable[[Ledger, list[Copy]], None]) -> None:
    ledger, history = a_good_run()
    harm(ledger, history["r"])
    broken = ledger.broken(history)
    assert any(HARMS[harm] in promise for promise in broken), broken


def test_what_was_said_anew_after_no_answer_may_come_later() -> None:
    ledger, history = a_good_run()
    swap_a_senders_messages(ledger, history["r"])
    ledger.again.add(copy(4).said)
    assert ledger.broken(history) == []


def test_what_is_still_to_come_is_named() -> None:
    ledger, _ = a_good_run()
    ledger.sends(Said("r", "ben", "c9"), 9.0)
    assert ledger.unacknowledged() == [Said("r", "ben", "c9")]
    ledger.acks(Said("r", "ben", "c9"), 8, "msg_8", 9.1)
    assert ledger.unheard() == [ANN, BEN]
