"""What follows from events of cases and shields: reporters hear what becomes of their reports, the care team of danger,
people what was decided about them; and what a moderator decides is carried out."""

from typing import Final

import msgspec

from actors.emergencies.person.commands import CryForHelp
from actors.emergencies.records import Distress
from actors.inboxes.commands import Deliver
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.moderation.case.commands import Add
from actors.moderation.case.events import CaseChanged
from actors.moderation.records import case_id_of
from actors.moderation.shield.commands import Lift, Restrict
from actors.moderation.shield.events import Lifted, Restricted
from actors.moderation.showing import report_of
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject
from actors.workflows.inbox import INBOX, event_id, tell
from actors.workflows.notify import FEATURE, NOTIFIER, told
from common.clock import to_rfc3339
from common.ids import derived_id

SHIELD: Final = "shield"
DISTRESS: Final = "distress"
CASE: Final = "case"
_CRIES: Final[dict[str, Distress]] = {"self_harm": "self_harm", "safety": "safety", "medical": "medical"}
_pack: Final = msgspec.msgpack.Encoder().encode
_to_json: Final = msgspec.json.Encoder().encode


def tell_reporters(entity_id: str, recorded: Recorded[CaseChanged]) -> Owed:
    """Whoever reported it, at each change of the state of their report: `report_updated`."""
    event = recorded.event
    letters: list[Letter] = []
    for one in event.case.reports:
        if one.id in event.told:
            payload = {"report": report_of(event.case, one)}
            letters += tell([one.by], event_id(entity_id, recorded, one.id), "report_updated", payload)
    return Owed(letters)


def notify_reporters(entity_id: str, recorded: Recorded[CaseChanged]) -> Owed:
    """The same, where they do not look."""
    event = recorded.event
    return Owed(
        [
            letter
            for one in event.case.reports
            if one.id in event.told
            for letter in told((one.by,), Tell(name="report_updated", subject=Subject("report", one.id, recorded.seq)))
        ]
    )


def tell_alerted(entity_id: str, recorded: Recorded[CaseChanged]) -> Owed:
    """The care team, when words of danger raise a case: `safety_alert`."""
    event, case = recorded.event, recorded.event.case
    if not event.alerts:
        return NOTHING
    payload = {"case_id": case.id, "user_id": case.subject, "room_id": case.room, "severity": case.severity}
    return Owed(tell(case.alerted, event_id(entity_id, recorded, "alert"), "safety_alert", payload))


def notify_alerted(entity_id: str, recorded: Recorded[CaseChanged]) -> Owed:
    """The same, on every device, past all that holds notifications back."""
    event, case = recorded.event, recorded.event.case
    if not event.alerts:
        return NOTHING
    tell_them = Tell(
        name="safety_alert",
        priority="critical",
        subject=Subject("case", case.id, recorded.seq),
        values={"case_id": case.id},
        at_once=True,
    )
    return Owed(told(case.alerted, tell_them))


def cry_for_them(entity_id: str, recorded: Recorded[CaseChanged]) -> Owed:
    """What is an emergency is raised as one, by Carewire itself."""
    event, case = recorded.event, recorded.event.case
    kind = event.cry or ("other" if event.done is not None and event.done.deed == "raise_emergency" else "")
    if not kind:
        return NOTHING
    person = event.done.user if event.done is not None else case.subject
    emergency = derived_id("emg", recorded.at_ms, f"{entity_id}#{recorded.seq}")
    command = _pack(CryForHelp(emergency=emergency, kind=_CRIES.get(kind, "safety")))
    return Owed([Letter(f"{DISTRESS}:{person}", command)])


def restrict_them(entity_id: str, recorded: Recorded[CaseChanged]) -> Owed:
    """What somebody may not do from now on, as it was decided in a case."""
    event, done = recorded.event, recorded.event.done
    if done is None or done.deed != "restrict":
        return NOTHING
    command = Restrict(restriction=done.restriction, scope=done.scope, case=event.case.id, by=done.by, until=done.until)
    return Owed([_sealed(f"{SHIELD}:{done.user}", _pack(command), event.secret, event.author)])


def warn_them(entity_id: str, recorded: Recorded[CaseChanged]) -> Owed:
    """Who is warned, and what they are told: `moderation_notice`."""
    event, done = recorded.event, recorded.event.done
    if done is None or done.deed not in ("warn", "delete_message", "remove_member", "close_conversation"):
        return NOTHING
    payload: dict[str, object] = {"case_id": event.case.id, "action": done.deed}
    return Owed(
        [
            _notice(
                entity_id=entity_id,
                recorded=recorded,
                user=done.user,
                name="moderation_notice",
                payload=payload,
                text=event.secret,
                owner=event.author,
            )
        ]
    )


def tell_verdict(entity_id: str, recorded: Recorded[CaseChanged]) -> Owed:
    """Whose message was held and goes nowhere: `message_rejected`, with the reason."""
    event, held = recorded.event, recorded.event.case.held
    if event.change != "rejected" or held is None:
        return NOTHING
    payload: dict[str, object] = {"held_id": held.id}
    return Owed(
        [
            _notice(
                entity_id=entity_id,
                recorded=recorded,
                user=held.sender,
                name="message_rejected",
                payload=payload,
                text=event.secret,
                owner=event.author,
            )
        ]
    )


def judge_appeal(entity_id: str, recorded: Recorded[CaseChanged]) -> Owed:
    """An appeal that is upheld undoes what it was about: a restriction is lifted, a case (of a message that was held,
    too) is looked at anew."""
    event, case = recorded.event, recorded.event.case
    if event.change != "closed" or case.kind != "appeal" or case.outcome != "upheld":
        return NOTHING
    if case.about.startswith("rst_"):
        return Owed([Letter(f"{SHIELD}:{case.subject}", _pack(Lift(restriction=case.about, by=case.closing_by)))])
    if case.about.startswith(("case_", "hld_")):
        return Owed(
            [
                Letter(
                    f"{CASE}:{case_id_of(case.about)}", _pack(Add(what="appeal_upheld", by=case.closing_by, again=True))
                )
            ]
        )
    return NOTHING


def tell_restricted(entity_id: str, recorded: Recorded[Restricted]) -> Owed:
    """What they may not do, and why: `moderation_notice`; their case has it in its chain."""
    event = recorded.event
    payload: dict[str, object] = {
        "case_id": event.case,
        "action": "restrict",
        "restriction_id": event.restriction,
        "scope": event.scope,
    }
    if event.until:
        payload["until"] = to_rfc3339(event.until)
    noted = Add(what="restricted", by=event.by, details=event.restriction)
    return Owed(
        [
            _notice(
                entity_id=entity_id,
                recorded=recorded,
                user=event.author,
                name="moderation_notice",
                payload=payload,
                text=event.secret,
                owner=event.author,
            ),
            Letter(f"{CASE}:{event.case}", _pack(noted)),
        ]
    )


def tell_lifted(entity_id: str, recorded: Recorded[Lifted]) -> Owed:
    """That they may again: `moderation_notice`."""
    event = recorded.event
    payload = {"action": "lift", "restriction_id": event.restriction}
    return Owed(tell([event.author], event_id(entity_id, recorded), "moderation_notice", payload))


def _notice(
    entity_id: str,
    recorded: Recorded[CaseChanged] | Recorded[Restricted],
    user: str,
    name: str,
    payload: dict[str, object],
    text: bytes | None,
    owner: str,
) -> Letter:
    """A letter to somebody's inbox; what a moderator wrote is sealed until it is there."""
    made = event_id(entity_id, recorded, name)
    if text is None:
        return tell([user], made, name, payload)[0]
    secret = _to_json({**payload, "text": text.decode()})
    return Letter(f"{INBOX}:{user}", _pack(Deliver(made, name, b"{}")), secret, owner)


def _sealed(to: str, command: bytes, secret: bytes | None, owner: str) -> Letter:
    return Letter(to, command) if secret is None else Letter(to, command, secret, owner)


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("tell_reporters", "case", CaseChanged, tell_reporters, to=(INBOX,)),
    Reaction("notify_reporters", "case", CaseChanged, notify_reporters, to=(NOTIFIER,), feature=FEATURE),
    Reaction("tell_alerted", "case", CaseChanged, tell_alerted, to=(INBOX,)),
    Reaction("notify_alerted", "case", CaseChanged, notify_alerted, to=(NOTIFIER,)),
    Reaction("cry_for_them", "case", CaseChanged, cry_for_them, to=(DISTRESS,)),
    Reaction("restrict_them", "case", CaseChanged, restrict_them, to=(SHIELD,)),
    Reaction("warn_them", "case", CaseChanged, warn_them, to=(INBOX,)),
    Reaction("tell_verdict", "case", CaseChanged, tell_verdict, to=(INBOX,)),
    Reaction("judge_appeal", "case", CaseChanged, judge_appeal, to=(SHIELD, CASE)),
    Reaction("tell_restricted", "shield", Restricted, tell_restricted, to=(INBOX, CASE)),
    Reaction("tell_lifted", "shield", Lifted, tell_lifted, to=(INBOX,)),
]
