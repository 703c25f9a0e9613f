"""The table of all reactions. A subject is imported when somebody asks for the rules of one of its kinds, and not
before: a shard carries no code of kinds that it does not host."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from actors.kernel.contract.reactions import AnyReaction


@dataclass(frozen=True, slots=True)
class ReactionFile:
    """A file of rules: the kinds whose events they react to, and how to load them."""

    kinds: frozenset[str]
    load: Callable[[], list[AnyReaction]]


def _chat() -> list[AnyReaction]:
    from actors.workflows.chat import REACTIONS
    from actors.workflows.held import REACTIONS as HELD
    from actors.workflows.messages.said import REACTIONS as SAID
    from actors.workflows.notices.rooms import REACTIONS as NOTICES

    return REACTIONS + NOTICES + SAID + [rule for rule in HELD if rule.kind == "room"]


def _booking() -> list[AnyReaction]:
    from actors.workflows.booking import REACTIONS
    from actors.workflows.homework.following import SESSIONS
    from actors.workflows.messages.blocks import REACTIONS as BLOCKS
    from actors.workflows.notices.bookings import BOOKINGS
    from actors.workflows.video.meetings import BOOKINGS as MEETINGS

    return REACTIONS + BOOKINGS + MEETINGS + SESSIONS + BLOCKS


def _waitlist() -> list[AnyReaction]:
    from actors.workflows.notices.bookings import OFFERS
    from actors.workflows.waitlist import REACTIONS

    return REACTIONS + OFFERS


def _care() -> list[AnyReaction]:
    from actors.workflows.care import REACTIONS
    from actors.workflows.homework.following import CARE

    return REACTIONS + CARE


def _payment() -> list[AnyReaction]:
    from actors.workflows.money.cards import REACTIONS as CARDS
    from actors.workflows.money.fraud import REACTIONS as FRAUD
    from actors.workflows.money.payment import REACTIONS
    from actors.workflows.money.payouts import REACTIONS as PAYOUTS
    from actors.workflows.notices.payments import REACTIONS as NOTICES

    return REACTIONS + NOTICES + PAYOUTS + FRAUD + CARDS


def _emergency() -> list[AnyReaction]:
    from actors.workflows.emergency import REACTIONS

    return REACTIONS


def _notifier() -> list[AnyReaction]:
    from actors.workflows.homework.following import ZONES
    from actors.workflows.notices.notifier import REACTIONS
    from actors.workflows.notices.security import REACTIONS as SECURITY

    return REACTIONS + SECURITY + ZONES


def _safety() -> list[AnyReaction]:
    from actors.workflows.held import REACTIONS as ROOMS
    from actors.workflows.safety import REACTIONS

    return REACTIONS + [rule for rule in ROOMS if rule.kind == "case"]


def _calls() -> list[AnyReaction]:
    from actors.workflows.video.calls import REACTIONS
    from actors.workflows.video.meetings import CALLS

    return REACTIONS + CALLS


def _meetings() -> list[AnyReaction]:
    from actors.workflows.video.meetings import MEETINGS

    return MEETINGS


def _seen() -> list[AnyReaction]:
    from actors.workflows.notices.seen import REACTIONS

    return REACTIONS


def _device() -> list[AnyReaction]:
    from actors.workflows.notices.device import REACTIONS

    return REACTIONS


def _media() -> list[AnyReaction]:
    from actors.workflows.video.media import REACTIONS

    return REACTIONS


def _filed() -> list[AnyReaction]:
    from actors.workflows.files import FILED

    return FILED


def _referred() -> list[AnyReaction]:
    from actors.workflows.messages.cards import REFERRED

    return REFERRED


def _files() -> list[AnyReaction]:
    from actors.workflows.files import REACTIONS

    return REACTIONS


def _mailing() -> list[AnyReaction]:
    from actors.workflows.notices.mailing import REACTIONS

    return REACTIONS


def _devicekeys() -> list[AnyReaction]:
    from actors.workflows.devicekeys import REACTIONS

    return REACTIONS


def _worksheets() -> list[AnyReaction]:
    from actors.workflows.homework.worksheets import REACTIONS
    from actors.workflows.messages.cards import REACTIONS as CARDS
    from actors.workflows.notices.worksheets import REACTIONS as NOTICES

    return REACTIONS + NOTICES + CARDS


def _outgoing() -> list[AnyReaction]:
    from actors.workflows.messages.outgoing import REACTIONS

    return REACTIONS


SUBJECTS: Final[Mapping[str, ReactionFile]] = {
    "chat": ReactionFile(frozenset({"room"}), _chat),
    "filed": ReactionFile(frozenset({"room"}), _filed),
    "referred": ReactionFile(frozenset({"room"}), _referred),
    "seen": ReactionFile(frozenset({"user"}), _seen),
    "booking": ReactionFile(frozenset({"booking"}), _booking),
    "waitlist": ReactionFile(frozenset({"waitlist"}), _waitlist),
    "care": ReactionFile(frozenset({"care"}), _care),
    "payment": ReactionFile(frozenset({"bill", "payer", "issuer", "subscription", "payee"}), _payment),
    "emergency": ReactionFile(frozenset({"emergency"}), _emergency),
    "safety": ReactionFile(frozenset({"case", "shield"}), _safety),
    "calls": ReactionFile(frozenset({"call"}), _calls),
    "media": ReactionFile(frozenset({"meeting", "recording"}), _media),
    "meetings": ReactionFile(frozenset({"meeting"}), _meetings),
    "notifier": ReactionFile(frozenset({"notifier"}), _notifier),
    "mailing": ReactionFile(frozenset({"mailing"}), _mailing),
    "outgoing": ReactionFile(frozenset({"outgoing"}), _outgoing),
    "device": ReactionFile(frozenset({"device"}), _device),
    "worksheets": ReactionFile(frozenset({"assignment"}), _worksheets),
    "files": ReactionFile(frozenset({"file"}), _files),
    "devicekeys": ReactionFile(frozenset({"devicekeys"}), _devicekeys),
}


def reactions_of(kinds: Collection[str]) -> list[AnyReaction]:
    """The rules for the events of these kinds, subject after subject."""
    asked = frozenset(kinds)
    subjects = [subject for subject in SUBJECTS.values() if subject.kinds & asked]
    return [rule for subject in subjects for rule in subject.load() if rule.kind in asked]


def all_reactions() -> list[AnyReaction]:
    """The whole table."""
    return reactions_of([kind for subject in SUBJECTS.values() for kind in subject.kinds])
