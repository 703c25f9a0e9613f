"""How notifications fare, as figures: what is counted, and that nobody can be found in it."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from actors.notifications.notifier.items.figures import ChannelFigures, figures_in, figures_of
from actors.notifications.notifier.items.item import DeliveryAttempt, Item
from actors.notifications.notifier.planning.plan import ChannelPlan, RuleVerdict
from serve_app.capabilities.notifications.analytics import Fared, NotificationAnalytics, analyse

AT = 1_763_631_000_000
ITEM = Item(
    number=7,
    id="ntf_secret",
    name="announcement",
    priority="normal",
    created_ms=AT,
    place=1,
    totals={},
    plans={
        "in_app": ChannelPlan("sent"),
        "push": ChannelPlan("skipped", (RuleVerdict("type_off", "skip"),)),
        "email": ChannelPlan("sent"),
    },
    sender="tess",
    deliveries=(
        DeliveryAttempt(id="dlv_1", channel="in_app", state="accepted", accepted_ms=AT + 12),
        DeliveryAttempt(id="dlv_2", channel="email", state="bounced", device="", sent_ms=AT + 60_000),
        DeliveryAttempt(id="dlv_3", channel="webpush", state="skipped", reason="already_read"),
    ),
)


def test_a_notification_is_counted_by_channel_and_nobody_is_in_it() -> None:
    text = figures_of(ITEM)
    assert not any(word in text for word in ("ntf_", "dlv_", "tess", str(AT)))
    email, in_app, push = figures_in(text)
    assert (email.channel, email.states, email.took_ms) == ("email", ("bounced",), None)
    assert (in_app.verdict, in_app.states) == ("sent", ("accepted",))
    assert (push.verdict, push.reason, push.states) == ("skipped", "type_off", ("skipped",))


@given(st.integers(1, 10_000_000))
def test_a_duration_is_told_within_a_fifth_and_never_too_short(ms: int) -> None:
    accepted = DeliveryAttempt(id="d", channel="in_app", state="accepted", accepted_ms=AT + ms)
    alone = msgspec.structs.replace(ITEM, plans={"in_app": ChannelPlan("sent")}, deliveries=(accepted,))
    took = figures_in(figures_of(alone))[0].took_ms
    assert took is not None
    assert ms * 0.95 - 1 <= took <= ms * 1.2 + 1


def test_a_mail_that_was_not_wanted_arrived_and_counts_as_a_complaint_besides() -> None:
    mail = DeliveryAttempt(id="d", channel="email", state="accepted", accepted_ms=AT + 9, complained_ms=AT + 99)
    alone = msgspec.structs.replace(ITEM, plans={"email": ChannelPlan("sent")}, deliveries=(mail,))
    (email,) = figures_in(figures_of(alone))
    assert email.states == ("accepted", "complained")


def fared(day: str, state: str, count: int, bucket: int = 8) -> Fared:
    email = ChannelFigures("email", "sent", "", tuple(state.split()), bucket if "accepted" in state else -1)
    push = ChannelFigures("push", "skipped", "acknowledged")
    return Fared(day, "announcement", (email, push), count)


def test_rows_add_up_by_whatever_they_are_grouped() -> None:
    found = [
        fared("2026-11-20", "accepted", 97),
        fared("2026-11-21", "bounced", 2),
        fared("2026-11-21", "accepted complained", 1),
    ]
    whole = analyse(found, [])
    (row,) = whole.rows
    assert (row.created, row.sent, row.accepted, row.bounced, row.complained) == (100, 100, 98, 2, 1)
    assert row.skipped == {"acknowledged": 100}
    by_day = analyse(found, ["day", "channel"]).rows
    assert [(one.day, one.channel, one.created) for one in by_day] == [
        ("2026-11-20", "email", 97),
        ("2026-11-20", "push", 97),
        ("2026-11-21", "email", 3),
        ("2026-11-21", "push", 3),
    ]
    assert (whole.email.delivery_rate, whole.email.bounce_rate, whole.email.complaint_rate) == (0.98, 0.02, 0.01)


def test_opened_was_displayed_and_displayed_was_accepted() -> None:
    (row,) = analyse([fared("2026-11-20", state, 1) for state in ("accepted", "displayed", "opened")], []).rows
    assert (row.accepted, row.displayed, row.opened) == (3, 2, 1)


def test_nothing_is_no_rows_and_no_rates() -> None:
    empty = analyse([], ["type"])
    assert (empty.rows, empty.email.delivery_rate) == ([], None)


def test_groups_are_named_in_a_list_or_in_an_address() -> None:
    said = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}
    for group_by in (["type", "day"], "type, day"):
        asked = msgspec.convert({**said, "group_by": group_by}, NotificationAnalytics)
        assert asked.groups() == ["type", "day"]
