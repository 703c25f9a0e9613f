"""What was told long ago is forgotten, however little there was: nobody finds it, and its words are gone."""

from typing import Any

import pytest

from actors.kernel.contract.entity import SYSTEM
from actors.kernel.history.codec import decode_effects
from actors.notifications.notifier.commands import CountUnread, Erase, GetNotification, ListNotifications, Mark, Prune
from actors.notifications.notifier.items.figures import figures_in
from actors.notifications.notifier.items.folding import NOTIFICATIONS, view_id
from actors.notifications.notifier.rules import pruning
from common.errors import NotFound
from common.timeline import DAY_MS
from tests.unit.notifications.notifier_world import Told
from tests.unit.rooms.harness import run

KEEP_MS = 180 * DAY_MS
WORDS = b"\x81\xa5title\xa5Title"


def listed(told: Told) -> list[int]:
    return [one["seq"] for one in told.ask(ListNotifications())["notifications"]]


def redacted(told: Told) -> list[int]:
    return [seq for turn in run(told.world.turns("notifier:ann")) for seq in decode_effects(turn).redact]


def view(told: Told, number: int) -> Any:
    id_ = view_id("ann", number)
    return run(told.world.stores.views.get(NOTIFICATIONS, [id_]))[id_]


def test_a_week_is_forgotten_when_its_last_has_been_kept_for_long_enough() -> None:
    told = Told()
    first = told.tell(secret=WORDS)
    told.pass_time(told.now_ms + 10 * DAY_MS)
    told.tell(secret=WORDS)
    told.pass_time(told.now_ms + KEEP_MS - 10 * DAY_MS)
    assert listed(told) == [2, 1]  # 180 days of the first are over, those of its week are not
    told.pass_time(told.now_ms + 7 * DAY_MS)
    assert listed(told) == [2]
    with pytest.raises(NotFound):
        told.ask(GetNotification(first["id"]))
    told.pass_time(told.now_ms + 10 * DAY_MS)
    assert (listed(told), told.ask(CountUnread())["unread"]) == ([], 0)


def test_its_words_are_gone_and_its_figures_stay() -> None:
    told = Told()
    told.tell(secret=WORDS)
    kept = view(told, 1)
    assert kept.secret is not None
    before = figures_in(kept.fields["fared"])
    told.pass_time(told.now_ms + KEEP_MS + 7 * DAY_MS)
    left = view(told, 1)
    assert (left.secret, left.data) == (None, b"")
    assert {one.channel for one in figures_in(left.fields["fared"])} == {one.channel for one in before}
    assert (left.fields["type"], left.fields["day"]) == (kept.fields["type"], kept.fields["day"])
    assert len(redacted(told)) == 1


def test_what_was_told_twice_loses_its_words_twice() -> None:
    told = Told()
    one = told.tell(secret=WORDS)
    told.ask(Mark(one["id"], "snoozed", told.now_ms + DAY_MS))
    told.pass_time(told.now_ms + KEEP_MS + 7 * DAY_MS)
    assert len(redacted(told)) == 2


def test_what_is_for_later_is_told_though_it_was_made_long_ago() -> None:
    told = Told()
    told.tell(send_at_ms=told.now_ms + 300 * DAY_MS)
    told.tell()
    told.pass_time(told.now_ms + 299 * DAY_MS)
    assert listed(told) == [2]  # it waits for the one before it
    told.pass_time(told.now_ms + 2 * DAY_MS)
    assert listed(told) == [2, 1]
    told.pass_time(told.now_ms + 14 * DAY_MS)
    assert listed(told) == []


def test_many_go_in_turns_of_a_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "AT_ONCE", 3)
    told = Told()
    for _ in range(8):
        told.tell(channels=("in_app",))
    told.ask(Prune(week=told.now_ms // (7 * DAY_MS)), SYSTEM)
    assert listed(told) == [8, 7, 6, 5, 4]
    told.pass_time(told.now_ms + 10_000)
    assert listed(told) == []
    assert told.ask(Prune(week=told.now_ms // (7 * DAY_MS)), SYSTEM) == {}


def test_the_timer_of_somebody_who_was_erased_does_nothing() -> None:
    told = Told()
    told.tell()
    told.ask(Erase(), SYSTEM)
    told.pass_time(told.now_ms + KEEP_MS + 7 * DAY_MS)
    assert redacted(told) == []
    assert told.tell() is None
