"""The access policy: one table of role x relation x action, for sockets and REST alike. Pure.

The relation is that of the caller to what the action is about. Whoever holds the facts (the room its members, the
identity service the care relationships) names it; this table alone says what follows from it. `python -m
common.policy` renders it for the documentation.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from common.auth.tokens import ROLES
from common.errors import PermissionDenied


class Relation(StrEnum):
    """The relation of the caller to the resource. A caller may stand in several; each is looked up on its own."""

    SELF = "self"  # it is about the caller: own account, own message, own booking
    OWNER = "owner"  # the room's owner; the therapist whose calendar, booking or care it is
    MEMBER = "member"  # in the room; party to the booking or the care relationship
    CARE = "care"  # in an active care relationship with the person concerned
    GRANT = "grant"  # with a break-glass grant that is in force
    OPEN = "open"  # a stranger to something that is open to all
    NONE = "none"  # a stranger
    COVER = "cover"  # in the room for a while, in place of its therapist
    REQUESTED = "requested"  # was asked for the conversation


_S, _O, _M, _C, _G, _P, _N, _V, _R = Relation
Allowed = frozenset[Relation]
_EVERYBODY: Final = tuple(sorted(ROLES))
_ALL: Final = frozenset(Relation)


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One action. `by_role` holds, for each role, the relations in which it is allowed; no entry: never."""

    action: str
    meaning: str
    by_role: Mapping[str, Allowed]


def _rule(action: str, meaning: str, everybody: Iterable[Relation] = (), **roles: Iterable[Relation]) -> PolicyRule:
    """`everybody` holds for every role; `roles` add to it."""
    base = frozenset(everybody)
    cells = {role: base | frozenset(roles.get(role, ())) for role in _EVERYBODY}
    return PolicyRule(action, meaning, {role: relations for role, relations in cells.items() if relations})


RULES: Final = (
    # rooms: the room entity knows the relation; nobody's role opens a conversation they are not in
    _rule("room.create", "begin a room", _ALL),
    _rule("room.list", "list one's own rooms", {_S}),
    _rule("room.join", "enter a room", {_O, _M, _V, _R, _P}),
    _rule("room.read", "read messages", {_O, _M, _V, _R}, moderator={_G}, admin={_G}),
    _rule("room.post", "say something", {_O, _M, _V}),
    _rule("room.react", "react to a message", {_O, _M, _V}),
    _rule("room.type", "show that one is typing", {_O, _M, _V}),
    _rule("room.mark_read", "move one's own watermarks", {_O, _M, _V, _R}),
    _rule("room.status", "see how far a message of one's own has come", {_S}),
    _rule("room.acknowledge", "take note of a message that asks for it", {_O, _M, _V}),
    _rule("room.pin", "show a message apart", {_O, _M, _V}),
    _rule("room.use_block", "use a block of a message, by one's right to what it stands for", {_O, _M, _V}),
    _rule("scheduled.manage", "messages of one's own that are said later", {_S}),
    _rule("chat.privacy", "what one keeps to oneself in chats", {_S}),
    _rule("room.edit_message", "edit a message", {_S}),
    _rule("room.delete_message", "delete a message", {_S, _O}),
    _rule("room.manage", "members, title, open or not", {_O}),
    _rule("room.leave", "leave a room", {_O, _M}),
    # conversations: OWNER is its therapist, or either of two who are alike; REQUESTED was asked
    _rule("conversation.create", "begin a conversation; what the two are to each other says who may", _ALL),
    _rule("conversation.respond", "accept a conversation, or decline it", {_R}),
    _rule("conversation.read", "see a conversation and who is in it", {_O, _M, _V, _R}),
    _rule("conversation.list", "list one's own conversations", {_S}),
    _rule("conversation.pause", "pause and resume a conversation", therapist={_O}, admin=_ALL),
    _rule("conversation.close", "close a conversation", client={_O}, therapist={_O}, admin=_ALL),
    _rule("inbox.read", "one's own inbox", {_S}),
    _rule("socket.authenticate", "say who one is", _ALL),
    # files: SELF is the owner, MEMBER sees a message that it stands in
    _rule("file.upload", "send a file", _ALL),
    _rule("file.read", "see a file and its bytes", {_S, _M}),
    _rule("file.content", "the bytes of a file", {_S, _M}),
    _rule("file.list", "one's own files, and those of a room that one is in", {_S, _M}),
    _rule("file.delete", "delete a file", {_S}),
    _rule("file.share", "put one's own file into a room", {_S}),
    _rule("file.link", "an address for a file that needs no token", {_S, _M}),
    _rule("file.accept", "see a picture that was blurred", {_O, _M}),
    # search: what is found is judged hit by hit, by the rules of what it is
    _rule("search.use", "find what one may see", _ALL),
    _rule("search.room", "find messages of a room", {_O, _M, _V, _R}),
    _rule("search.status", "see how the index is", admin=_ALL),
    _rule("search.keep", "make the index anew, compare it with its sources, change its key", admin=_ALL),
    # rooms that the server cannot read: MEMBER shares one with them
    _rule("e2ee.keys", "keys of one's own devices", {_S}),
    _rule("e2ee.read", "keys of devices of people with whom one shares such a room", {_S, _M}),
    _rule("e2ee.send", "messages to devices of such people", {_S, _M}),
    _rule("e2ee.backup", "a backup that only oneself can open", {_S}),
    # presence
    _rule("presence.set", "one's own status", {_S}),
    _rule("presence.watch", "see who is there", _ALL),
    # calendars and bookings: OWNER is the therapist of it, SELF the client
    _rule("calendar.availability", "free slots", _ALL),
    _rule("calendar.manage", "change a calendar", therapist={_O}, admin=_ALL),
    _rule("calendar.feed", "the iCalendar feed", therapist={_O}, admin=_ALL),
    _rule("calendar.share_feed", "tokens for the address of that feed", therapist={_O}, admin=_ALL),
    _rule("booking.share_feed", "tokens for the address of the feed of one's own bookings", {_S}),
    _rule("booking.create", "book for oneself, or staff for a client", {_S}, therapist={_O}, admin=_ALL),
    _rule("booking.read", "see a booking", {_S, _M}, therapist={_O}, admin=_ALL),
    _rule("booking.confirm", "confirm a booking", {_S}, therapist={_O}, admin=_ALL),
    _rule("booking.reschedule", "move a booking", {_S}, therapist={_O}, admin=_ALL),
    _rule("booking.cancel", "cancel a booking", {_S}, therapist={_O}, admin=_ALL),
    _rule("booking.close", "completed, no show, other states", therapist={_O}, admin=_ALL),
    _rule("booking.remind", "remind of a booking by hand", therapist={_O}, admin=_ALL),
    _rule("booking.transfer", "hand a booking to another therapist", therapist={_O}, admin=_ALL),
    _rule("series.create", "book a series", {_S}, therapist={_O}, admin=_ALL),
    _rule("series.read", "see a series", {_S}, therapist={_O}, admin=_ALL),
    _rule("series.manage", "change or end a series", {_S}, therapist={_O}, admin=_ALL),
    _rule("waitlist.join", "wait for a full calendar", {_S}, therapist={_O}, admin=_ALL),
    _rule("waitlist.read", "see waiting entries", {_S}, therapist={_O}, admin=_ALL),
    _rule("waitlist.figures", "how long people wait, without names", therapist=_ALL, admin=_ALL),
    _rule("waitlist.leave", "give a place up, or take an offer", {_S}, therapist={_O}, admin=_ALL),
    # notifications
    _rule("notification.types", "which types of notifications there are", _ALL),
    _rule("notification.create", "tell somebody in one's care, or anybody", therapist={_C}, admin=_ALL),
    _rule("notification.read", "see one's own notifications", {_S}),
    _rule("notification.mark", "read, archive and put off one's own notifications", {_S}),
    _rule("notification.trace", "what became of a notification, and why", {_S}, admin=_ALL),
    _rule("notification.choose", "one's own preferences, and what follows from them", {_S}),
    _rule("push.register", "devices of one's own that are pushed to", {_S}),
    _rule("push.pull", "what a device shows after a push, and what became of it", {_S}),
    # the symptom model keeps nothing
    _rule("ml.use", "ask the symptom model", _ALL),
    _rule(
        "ml.classify", "what a message wants, and whether it speaks of harm", therapist=_ALL, moderator=_ALL, admin=_ALL
    ),
    # accounts
    _rule("account.enter", "register, sign in, refresh, reset a password", _ALL),
    _rule("account.read", "see an account", {_S}, admin=_ALL),
    _rule("account.change", "own password, second factor, name", {_S}),
    _rule("account.administer", "role of an account, block it", admin=_ALL),
    _rule("session.read", "list sessions", {_S}),
    _rule("session.revoke", "end sessions, name devices", {_S}),
    _rule("invitation.manage", "invite therapists and staff", admin=_ALL),
    # care relationships: MEMBER is either party, SELF the client of it, OWNER its therapist
    _rule("care.propose", "propose a care relationship", therapist=_ALL, admin=_ALL),
    _rule("care.accept", "accept what a therapist proposed", client={_S}),
    _rule("care.read", "see care relationships", {_M}, admin=_ALL),
    _rule("care.pause", "pause and resume a care relationship", therapist={_O}, admin=_ALL),
    _rule("care.cover", "put somebody in place of the therapist for a while", therapist={_O}, admin=_ALL),
    _rule("care.end", "end a care relationship", {_M}, admin=_ALL),
    # payments: SELF pays, MEMBER is for whom it is, OWNER is the therapist of it
    _rule("bill.create", "bill somebody", therapist={_O}, admin=_ALL),
    _rule("bill.read", "see a bill, its payments and its history", {_S, _M}, therapist={_O}, admin=_ALL),
    _rule("bill.change", "change, void or write off a bill", therapist={_O}, admin=_ALL),
    _rule("bill.pay", "pay a bill; staff books money in", {_S}, therapist={_O}, admin=_ALL),
    _rule("bill.refund", "give money of a bill back", therapist={_O}, admin=_ALL),
    _rule("payer.read", "see who pays, with methods and history", {_S}, admin=_ALL),
    _rule("payer.change", "one's own customer record, methods and guarantor", {_S}, admin=_ALL),
    _rule("payer.merge", "make one of two payers", admin=_ALL),
    _rule("dispute.change", "draft, send or give up the answer to a dispute", therapist={_O}, admin=_ALL),
    _rule("fraud.change", "see and change the rules that payments are looked at by", admin=_ALL),
    _rule("review.decide", "see payments that are held, and decide", admin=_ALL),
    _rule("payout.read", "what a therapist is owed, and was paid", therapist={_O}, admin=_ALL),
    _rule("payout.account", "say where one is paid to", therapist={_O}, admin=_ALL),
    _rule("payout.run", "pay out what is due", admin=_ALL),
    _rule("pricing.read", "what services cost", _ALL),
    _rule("pricing.change", "say what one's services cost, and who is in which tier", therapist={_O}, admin=_ALL),
    _rule("discount.read", "see a code and how often it is used", therapist=_ALL, admin=_ALL),
    _rule("discount.change", "make and change codes", admin=_ALL),
    _rule("discount.use", "ask what a code is worth", _ALL),
    _rule("plan.read", "see plans", _ALL),
    _rule("plan.change", "make and change plans", admin=_ALL),
    _rule("subscription.create", "subscribe to a plan", {_S}, admin=_ALL),
    _rule("subscription.read", "see a subscription and what is used of it", {_S, _M}, admin=_ALL),
    _rule("subscription.change", "change, pause or end a subscription", {_S}, admin=_ALL),
    _rule("usage.record", "say what is used of a subscription", admin=_ALL),
    _rule("invoice.read", "see invoices of bills that one may see", {_S}, therapist={_O}, admin=_ALL),
    _rule("invoice.credit", "correct an invoice", therapist={_O}, admin=_ALL),
    _rule("issuer.change", "say who issues invoices", therapist={_O}, admin=_ALL),
    _rule("ledger.read", "balances, entries and figures of the ledger", admin=_ALL),
    _rule("ledger.reconcile", "compare the ledger with what a provider says has moved", admin=_ALL),
    _rule("tax.read", "the table of taxes", admin=_ALL),
    _rule("tax.change", "change the table of taxes", admin=_ALL),
    # worksheets: OWNER made one, MEMBER was given it. Of an assignment SELF is whose work it is, OWNER who gave it
    _rule("worksheet.create", "make a worksheet", therapist=_ALL, admin=_ALL),
    _rule("worksheet.read", "see a worksheet", {_O, _M, _P}, admin=_ALL),
    _rule("worksheet.publish", "change, publish and archive a worksheet", therapist={_O}, admin=_ALL),
    _rule("worksheet.import", "take a worksheet, or its answers, from another format", therapist=_ALL, admin=_ALL),
    _rule("worksheet.analytics", "how a worksheet fares, in figures of nobody", therapist=_ALL, admin=_ALL),
    _rule("worksheet.assign", "give work to somebody in one's care, and say what becomes of it", therapist={_C, _O}),
    _rule("worksheet.follow", "see work that was given, what was handed in, and feedback", {_S}, therapist={_O}),
    _rule("worksheet.work", "write in what was assigned, and read it while it is written", client={_S}, therapist={_O}),
    _rule("worksheet.submit", "hand work in, and let others see how far it is", {_S}),
    _rule("worksheet.feedback", "say something about what was handed in", therapist={_O}),
    _rule("worksheet.private", "see notes on it that are no one else's", therapist={_O}),
    _rule("worksheet.clarify", "ask and answer questions about work", {_S}, therapist={_O}),
    _rule("worksheet.scores", "see scores over time", {_S}, therapist={_C}),
    # emergencies: SELF raised it or is whom it is about, MEMBER was asked to come, OWNER has acknowledged it
    _rule("emergency.raise", "cry for help; for somebody else who cares for them", {_S}, therapist={_C}),
    _rule("emergency.read", "see an emergency; where somebody is, those see who were asked", {_S, _M, _O}, admin=_ALL),
    _rule("emergency.acknowledge", "take care of an emergency", {_M, _O}, admin=_ALL),
    _rule("emergency.hand_off", "hand an emergency over", {_O}, admin=_ALL),
    _rule("emergency.resolve", "end an emergency", {_O}, admin=_ALL),
    _rule("emergency.cancel", "take a cry for help back", {_S}, therapist={_M}, moderator={_M}, admin=_ALL),
    _rule("ladder.read", "who is asked in an emergency, in which order", therapist={_O}, admin=_ALL),
    _rule("ladder.set", "say who is asked in an emergency", therapist={_O}, admin=_ALL),
    # calls: SELF is the caller, OWNER the callee
    _rule("call.ring", "call somebody: whom one may write to, or shares an open conversation with", _ALL),
    _rule("call.read", "see a call", {_S, _O}),
    _rule("call.answer", "take a call", {_O}),
    _rule("call.decline", "decline a call", {_O}),
    _rule("call.cancel", "stop ringing", {_S}),
    # meetings: OWNER runs it (host, cohost), MEMBER is one of its people, SELF the client of the session
    _rule("meeting.create", "make a meeting", therapist=_ALL, admin=_ALL),
    _rule("meeting.read", "see a meeting and who is in it", {_O, _M}, admin=_ALL),
    _rule("meeting.change", "change, open and cancel a meeting", {_O}, admin={_O, _M, _N}),
    _rule("meeting.join", "be in a meeting: seat, ticket, relays", {_O, _M}, admin=_ALL),
    _rule("meeting.media", "one's own microphone, camera, screen and signals", {_O, _M}, admin=_ALL),
    _rule("meeting.moderate", "let in, mute, remove, name cohosts, end", {_O}, admin={_O, _N}),
    _rule("meeting.evidence", "see what took place", {_O, _S}, admin=_ALL),
    _rule("meeting.quality", "see how it was, by minutes", {_O}, admin=_ALL),
    _rule("broadcast.create", "tell many people one thing", admin=_ALL),
    _rule("broadcast.read", "see how far a broadcast has come", admin=_ALL),
    _rule("broadcast.change", "pause, resume and cancel a broadcast", admin=_ALL),
    _rule("banner.create", "show something to everybody", admin=_ALL),
    _rule("banner.end", "end a banner", admin=_ALL),
    _rule("banner.read", "see the banners that are for one", _ALL),
    _rule("notification.figures", "how notifications fare, in counts", admin=_ALL),
    # safety: SELF is who reports, blocks, or is judged; nobody decides about themselves
    _rule("report.create", "report a message that one can see, or a person", _ALL),
    _rule("report.read", "what became of one's own reports", {_S}),
    _rule("block.read", "see whom one has blocked", {_S}),
    _rule("block.change", "block somebody, or no more", {_S}),
    _rule("appeal.create", "say that a decision about oneself is wrong", {_S}),
    _rule("case.list", "which cases there are: kinds, ids and times", moderator=_ALL, admin=_ALL),
    _rule("case.read", "open a case with what it holds, for a reason", moderator=_ALL, admin=_ALL),
    _rule("case.decide", "take, act on, close and reopen a case", moderator=_ALL, admin=_ALL),
    _rule("held.read", "see messages that are held", moderator=_ALL, admin=_ALL),
    _rule("restriction.change", "restrict what somebody may do, and lift it", moderator=_ALL, admin=_ALL),
    _rule("room.monitor", "read a room whose members agreed to it, for a while", moderator=_ALL, admin=_ALL),
    _rule("safety.policy", "which words are held, and where", admin=_ALL),
    _rule("retention.read", "see how long messages are kept", admin=_ALL),
    _rule("retention.change", "set how long messages are kept, and delete what is due", admin=_ALL),
    _rule("hold.read", "see which legal holds there are", admin=_ALL),
    _rule("hold.change", "place and release legal holds", admin=_ALL),
    _rule("hold.export", "read what a legal hold has kept", admin=_ALL),
    # recordings: OWNER is the host of the meeting, MEMBER is in it
    _rule("recording.start", "ask for a meeting to be recorded", {_O, _M}),
    _rule("recording.consent", "agree to being recorded, or not, or not any more", {_S, _O, _M}),
    _rule("recording.stop", "end a recording", {_O, _M}),
    _rule("recording.read", "see and hear a recording", {_O, _M}, admin={_G}),
    _rule("recordings.content", "the bytes of a recording; each look is recorded", {_O, _M}, admin={_G}),
    _rule("recording.access", "who has looked at a recording", {_O, _M}),
    _rule("recording.hold", "keep a recording, whatever becomes due", {_O}, admin=_ALL),
    _rule("recording.delete", "destroy a recording", {_O}, admin=_ALL),
    _rule("media.read", "media workers, and how they do", admin=_ALL),
    _rule("media.change", "how many media workers there may be, and which is to end", admin=_ALL),
    # oversight
    _rule("breakglass.open", "open somebody's record in an emergency", moderator=_ALL, admin=_ALL),
    _rule("breakglass.read", "read under a break-glass grant", moderator={_G}, admin={_G}),
    _rule("audit.read", "the audit record; everybody what concerns them", {_S}, admin=_ALL),
    _rule("privacy.export", "all that is stored of a person", {_S}),
    _rule("privacy.erase", "erase a person", {_S}, admin=_ALL),
    _rule("operations.read", "processes and their state", admin=_ALL),
    _rule("job.read", "see long work, and how far it has come", admin=_ALL),
    _rule("job.change", "begin, pause, resume and cancel long work", admin=_ALL),
    _rule("webhook.receive", "tell, as a partner, what happened; what is signed counts", _ALL),
    _rule("webhook.read", "see what partners told, and whether it was taken", admin=_ALL),
    _rule("webhook.replay", "hand a partner's event over once more", admin=_ALL),
    _rule("operations.scale", "change the number of shards", admin=_ALL),
    _rule("link.look", "see what a link would do", _ALL),
    _rule("link.act", "do what a link says; what is signed counts", _ALL),
    _rule("email.read", "addresses that are not written to, masked; what mails look like", admin=_ALL),
    _rule("email.change", "write to such an address again", admin=_ALL),
    _rule("activity.read", "calls to partners that are owed, and how partners are doing", admin=_ALL),
    _rule("activity.change", "retry such a call, or drop it", admin=_ALL),
    _rule("operations.clock", "move the time that entities go by, where that is allowed", admin=_ALL),
)


PERSONAL: Final = frozenset(
    {
        "room.list",
        "room.join",
        "room.read",
        "file.read",
        "file.list",
        "search.use",
        "search.room",
        "calendar.availability",
        "calendar.manage",
        "calendar.feed",
    }
    | {rule.action for rule in RULES if rule.action.partition(".")[0] in ("booking", "series", "waitlist")}
    | {"account.read", "care.read", "audit.read", "bill.read", "payer.read", "invoice.read", "subscription.read"}
    | {"payout.read", "payout.account", "payout.run", "review.decide"}
    | {rule.action for rule in RULES if rule.action.partition(".")[0] in ("emergency", "call", "meeting", "recording")}
    | {"block.read", "case.list", "case.read", "case.decide", "held.read", "restriction.change"}
    | {"hold.read", "hold.change", "hold.export"}
    | {f"worksheet.{deed}" for deed in ("assign", "follow", "work", "submit", "feedback", "clarify", "scores")}
)
"""Actions whose answers may tell of people. Where staff gets one that does, the audit record says so."""


ALWAYS_RECORDED: Final = frozenset({"room.join", "room.read"})
"""Of these, what staff reads is recorded also when the answer tells of nobody else."""


class AccessPolicy:
    """The table, looked up."""

    def __init__(self, rules: Iterable[PolicyRule] = RULES) -> None:
        """Raises ValueError when an action comes twice."""
        listed = list(rules)
        self._rules: Final = {rule.action: rule for rule in listed}
        if len(self._rules) != len(listed):
            raise ValueError("one rule for each action")

    def __iter__(self) -> Iterator[PolicyRule]:
        return iter(self._rules.values())

    def __contains__(self, action: object) -> bool:
        return action in self._rules

    def allows(self, role: str, relation: Relation, action: str) -> bool:
        """One cell. Raises KeyError: there is no such action."""
        return relation in self._rules[action].by_role.get(role, frozenset())

    def ever(self, role: str, action: str) -> bool:
        """Is there any relation in which this role may do it? Raises KeyError: there is no such action."""
        return role in self._rules[action].by_role

    def cell(self, role: str, action: str) -> str:
        """One cell in words, as the documentation shows it. Raises KeyError: there is no such action."""
        return _cell(self._rules[action].by_role.get(role, frozenset()))

    def require(self, role: str, action: str, relations: Iterable[Relation] | None = None) -> None:
        """Refuse unless one of the relations allows it. None: they are not known yet, whoever knows asks again.

        Raises:
            PermissionDenied: none does.
            KeyError: there is no such action.
        """
        if relations is None:
            allowed = self.ever(role, action)
        else:
            allowed = any(self.allows(role, relation, action) for relation in relations)
        if not allowed:
            raise PermissionDenied("You may not do this.", action=action, role=role)


POLICY: Final = AccessPolicy()
"""The policy in force: what every event and every route is held against."""


def render(policy: AccessPolicy) -> str:
    """The table as Markdown."""
    roles = ("client", "therapist", "moderator", "admin")
    lines = ["| action | meaning | " + " | ".join(roles) + " |", "|" + "---|" * (len(roles) + 2)]
    for rule in policy:
        cells = [_cell(rule.by_role.get(role, frozenset())) for role in roles]
        lines.append(f"| `{rule.action}` | {rule.meaning} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(relations: Allowed) -> str:
    if not relations:
        return "-"
    return "always" if relations == _ALL else ", ".join(one.value for one in Relation if one in relations)


if __name__ == "__main__":
    print(render(POLICY), end="")  # noqa: T201
