"""Decisions about what is held: judged when its moment comes, with what is known by then; and what became of what was
sent. Pure."""

from typing import Final

import msgspec

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import Context, Decision, Event
from actors.notifications.activities import EMAIL, STALE, Pushed, Sending
from actors.notifications.notifier.commands import Judge, MailCameBack, SendDigest
from actors.notifications.notifier.events import (
    DeliveriesChanged,
    DeviceKept,
    DeviceNoted,
    DeviceState,
    Digested,
    Judged,
    Owing,
)
from actors.notifications.notifier.items.item import DeliveryAttempt, DeliveryState, Item
from actors.notifications.notifier.planning.plan import ChannelPlan, RuleVerdict, plan
from actors.notifications.notifier.rules.devices import ended
from actors.notifications.notifier.rules.facts import Installation, facts_of, judged, number_in
from actors.notifications.notifier.rules.resting import resting
from actors.notifications.notifier.rules.telling import judging
from actors.notifications.notifier.state import NotifierState
from actors.notifications.types import TYPES, Channel

_pushed: Final = msgspec.msgpack.Decoder(Pushed).decode
_DEVICE_REFUSED: Final = "provider_refused"  # what connectors say of a push that another one may follow
_UNTAKEN: Final = frozenset({"skipped", "failed", "bounced"})
_WORDS_OF_CONNECTORS: Final = {
    "address_refused": "suppressed_address",
    "bad_address": "no_address",
    "no_address": "no_address",
    "suppressed_address": "suppressed_address",
    "session_ended": "session_ended",
    "device_gone": "device_gone",
    "not_configured": "not_configured",
}
_SKIPPED: Final = frozenset({"suppressed_address", "no_address", "session_ended", "not_configured"})


def judge(state: NotifierState, house: Installation, command: Judge, context: Context) -> Decision:
    """Send what was held, hold it further, or drop it; a stale timer does nothing."""
    opened, item = state.kept.open.get(command.number), context.parts.get(str(command.number))
    if opened is None or item is None or opened.due.get(command.channel) != command.due_ms:
        return Decision({})
    decided = _decided(state, house, item=item, channel=command.channel, now_ms=context.now_ms)
    note = judged(state=state, house=house, item=item, channel=command.channel, plan=decided, now_ms=context.now_ms)
    timers = [judging(item.number, command.channel, decided)] if decided.verdict == "held" else []
    gathered = opened.gathered.get("push") == "rate_capped" and note.push
    notes: list[Event] = [note, *(_told_with_it(state, item.number) if gathered else ())]
    return Decision({}, notes=notes, timers=timers)


def send_digest(state: NotifierState, house: Installation, command: SendDigest, context: Context) -> Decision:
    """One mail of all that was gathered for the period and is still news. None: no mail."""
    numbers = gathered_for(state, command.due_ms)
    notes: list[Event] = []
    told: list[int] = []
    for number in numbers:
        item: Item | None = context.parts.get(str(number))
        if item is None:
            continue
        now = _decided(state, house, item=item, channel="email", now_ms=context.now_ms)
        if now.verdict == "held" and now.reason == "digest":
            now = ChannelPlan(
                "sent", (*now.steps[:-1], RuleVerdict("digest", "pass", "It is in the mail of its period."))
            )
            told.append(number)
        notes.append(
            Judged(number=number, category=item.category, place=item.place, channel="email", plan=now)
            if number in told
            else judged(state=state, house=house, item=item, channel="email", plan=now, now_ms=context.now_ms)
        )
    timers = [
        judging(note.number, "email", note.plan)
        for note in notes
        if isinstance(note, Judged) and note.plan.verdict == "held"
    ]
    if told:
        key = f"digest|{command.due_ms}"
        sending = Sending(state.id, "digest", "", numbers=tuple(told))
        owing = Owing(key=key, sending=sending, connector=EMAIL, lane="mail|digest")
        notes.append(Digested(due_ms=command.due_ms, numbers=tuple(told), owing=owing))
    return Decision({}, notes=notes, timers=timers)


def _decided(state: NotifierState, house: Installation, item: Item, channel: Channel, now_ms: int) -> ChannelPlan:
    """The plan by now of what was held."""
    reason = blocked(state, item, channel)
    if house.off and not reason and not TYPES[item.name].locked:
        return resting(now_ms)
    return plan(channel, facts_of(state, house, item, now_ms, waited=True, blocked=reason), house.settings)


def gathered_for(state: NotifierState, due_ms: int) -> list[int]:
    """The numbers of what waits for the mail of the period that ends then."""
    return [
        number
        for number, opened in state.kept.open.items()
        if opened.gathered.get("email") == "digest" and opened.due.get("email", due_ms + 1) <= due_ms
    ]


def dropped(state: NotifierState, context: Context) -> list[Event]:
    """What is held of a person who is being erased is held no more, and says so."""
    found: list[Event] = []
    for number in state.kept.open:
        item: Item | None = context.parts.get(str(number))
        if item is None:
            continue
        for channel, held in item.plans.items():
            if held.verdict == "held":
                now = ChannelPlan("skipped", (*held.steps, RuleVerdict("erased", "skip")))
                found.append(Judged(number=number, category=item.category, place=item.place, channel=channel, plan=now))
    return found


def blocked(state: NotifierState, item: Item, channel: Channel = "push") -> str:
    """Why nothing of it is sent any more; "": it still is news. Mail that waits for nobody (a confirmation) is sent
    though it was seen elsewhere."""
    if state.kept.erased:
        return "erased"
    if item.replaced_by:
        return "superseded" if item.replaced_by > 0 else "cancelled"
    if channel == "email" and TYPES[item.name].email_at_once:
        return ""
    if item.archived_ms or state.is_read(item.category, item.place):
        return "already_read"
    return "acknowledged" if item.number in state.kept.seen else ""


def still(state: NotifierState, sending: Sending) -> bool:
    """Is this still to be sent?"""
    kept = state.kept
    if kept.erased:
        return False
    if sending.device:
        device = kept.devices.get(sending.device)
        if device is None or not _still_to(device, sending):
            return False
    if sending.what == "digest":
        return True
    if sending.what not in ("push", "email"):
        return True
    opened = kept.open.get(sending.number)
    if opened is None or sending.delivery not in opened.waiting:
        return False
    return sending.sure or not (state.is_read(opened.category, opened.place) or sending.number in kept.seen)


def _still_to(device: DeviceKept, sending: Sending) -> bool:
    """A device that may not be told anything may yet be tried out, and prove itself."""
    if sending.what == "prove":
        return device.state == "unproven"
    return device.takes_pushes or (sending.what == "test" and device.state == "quarantined")


def answered(state: NotifierState, answer: Answered, context: Context) -> Decision:
    """What became of something that was sent: of its delivery, and of the device."""
    kind, _, rest = answer.key.partition("|")
    first, _, last = rest.partition("|")
    if kind == "dlv":
        return _delivered(state=state, answer=answer, number=int(first), delivery_id=last, context=context)
    device_id = last.partition("|")[0]
    events, notes = _of_device(state, device_id, answer, context.now_ms)
    return Decision(events=events, notes=notes)


def _delivered(state: NotifierState, answer: Answered, number: int, delivery_id: str, context: Context) -> Decision:
    item: Item | None = context.parts.get(str(number))
    known = None if item is None else next((one for one in item.deliveries if one.id == delivery_id), None)
    if item is None or known is None or known.state != "queued":
        return Decision()
    now_ms = context.now_ms
    then = _outcome(state=state, item=item, known=known, answer=answer, now_ms=now_ms)
    channel: Channel = "email" if known.channel == "email" else "push"
    shown_on = known.device if then.state == "accepted" and channel == "push" else ""
    note = DeliveriesChanged(
        number=number,
        channel=channel,
        deliveries=(then,),
        plan=_concluded(item, channel, then),
        shown_on=shown_on,
    )
    events, notes = _of_device(state, known.device, answer, now_ms)
    return Decision(events=events, notes=[note, *notes])


def came_back(state: NotifierState, command: MailCameBack, context: Context) -> Decision:
    """A mail that a provider had taken did not arrive; or it did, and was called unwanted."""
    number = number_in(state, command.delivery)
    item: Item | None = context.parts.get(str(number))
    known = None if item is None else next((one for one in item.deliveries if one.id == command.delivery), None)
    if item is None or known is None or known.channel != "email" or known.state not in ("queued", "accepted"):
        return Decision({})
    if command.fate == "complained":
        then = msgspec.structs.replace(known, complained_ms=known.complained_ms or context.now_ms)
    else:
        then = msgspec.structs.replace(known, state="bounced", reason="suppressed_address")
    note = DeliveriesChanged(
        number=item.number, channel="email", deliveries=(then,), plan=_concluded(item, "email", then)
    )
    return Decision({}, notes=[note])


def _outcome(
    state: NotifierState, item: Item, known: DeliveryAttempt, answer: Answered, now_ms: int
) -> DeliveryAttempt:
    """The delivery as it is from now on."""
    gone = answer.outcome == "done" and known.channel != "email" and _pushed(answer.result).gone
    then: DeliveryState
    if answer.outcome == "done" and not gone:
        return msgspec.structs.replace(
            known, state="accepted", attempts=answer.attempts, sent_ms=now_ms, accepted_ms=now_ms
        )
    if gone:
        then, reason = "failed", "device_gone"
    elif answer.outcome == "refused" and answer.code != STALE:
        reason = _WORDS_OF_CONNECTORS.get(answer.code, "provider_refused")
        then = "skipped" if reason in _SKIPPED else "failed"
    elif answer.outcome == "erased":
        then, reason = "skipped", "no_address" if known.channel == "email" else "erased"
    elif answer.outcome == "expired":
        then, reason = "skipped", "expired"
    else:
        channel: Channel = "email" if known.channel == "email" else "push"
        then, reason = "skipped", blocked(state, item, channel) or _why_not_there(state, known)
    return msgspec.structs.replace(known, state=then, reason=reason, attempts=answer.attempts)


def _concluded(item: Item, channel: Channel, then: DeliveryAttempt) -> ChannelPlan | None:
    """The plan once none of its deliveries can arrive any more; None: it stands."""
    family = ("email",) if channel == "email" else ("webpush", "fcm", "apns")
    all_of_it = [then if one.id == then.id else one for one in item.deliveries if one.channel in family]
    if any(one.state not in _UNTAKEN for one in all_of_it):
        return None
    failed = any(one.state in ("failed", "bounced") for one in all_of_it)
    steps = (*item.plans[channel].steps, RuleVerdict(then.reason, "skip"))
    return ChannelPlan("failed" if failed else "skipped", steps)


def _why_not_there(state: NotifierState, known: DeliveryAttempt) -> str:
    """The reason for which a delivery that is still news was not sent."""
    device = state.kept.devices.get(known.device)
    if not known.device:
        return "cancelled"
    return (device.barred if device is not None and device.state != "gone" else "") or "device_gone"


def _of_device(state: NotifierState, device_id: str, answer: Answered, now_ms: int) -> tuple[list[Event], list[Event]]:
    """What an answer says of the device: events that end it, where the service says that it is no more, or its session
    is over; notes of how it is from now on. What the service refuses makes it "failing" until it takes something again;
    one that is to prove itself is "quarantined"."""
    device = state.kept.devices.get(device_id)
    if device is None or device.state == "gone":
        return [], []
    if answer.outcome == "refused" and answer.code == "session_ended":
        return [ended(device, "session_ended", now_ms)], []
    if answer.outcome == "refused" and answer.code == _DEVICE_REFUSED and device.state != "quarantined":
        return [], [_noted(device, "quarantined" if device.state == "unproven" else "failing", device.success_ms)]
    if answer.outcome != "done" or not answer.result:
        return [], []
    said = _pushed(answer.result)
    if not said.gone:
        return [], [_noted(device, "active" if device.state == "failing" else device.state, now_ms)]
    if said.gone_at_ms and device.at_ms > said.gone_at_ms:
        return [], []
    return [ended(device, "device_gone", now_ms)], []


def _noted(device: DeviceKept, then: DeviceState, success_ms: int) -> DeviceNoted:
    return DeviceNoted(device=msgspec.structs.replace(device, state=then, success_ms=success_ms))


def _told_with_it(state: NotifierState, number: int) -> list[Event]:
    """What also waited since there were too many: the push that goes now stands for it."""
    step = RuleVerdict("rate_capped", "pass", "It is told together with another one.")
    return [
        Judged(number=other, category=one.category, place=one.place, channel="push", plan=ChannelPlan("sent", (step,)))
        for other, one in state.kept.open.items()
        if other != number and one.gathered.get("push") == "rate_capped"
    ]
