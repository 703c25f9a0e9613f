"""Who may do what: one table of role x relation x action, for sockets and REST alike. Pure.

The relation is that of the caller to what the action is about. Whoever holds the facts (the room its members, the
identity service the care relationships) names it; this table alone says what follows from it. `python -m
common.policy` renders it for the documentation.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from common.errors import PermissionDenied
from common.tokens import ROLES


class Relation(StrEnum):
    """What the caller is to the resource. A caller may stand in several; each is looked up on its own."""

    SELF = "self"  # it is about the caller: own account, own message, own booking
    OWNER = "owner"  # the room's owner; the therapist whose calendar, booking or care it is
    MEMBER = "member"  # in the room; party to the booking or the care relationship
    CARE = "care"  # in an active care relationship with the person concerned
    GRANT = "grant"  # with a break-glass grant that is in force
    OPEN = "open"  # a stranger to something that is open to all
    NONE = "none"  # a stranger


_S, _O, _M, _C, _G, _P, _N = Relation
Allowed = frozenset[Relation]
_EVERYBODY: Final = tuple(sorted(ROLES))
_ALL: Final = frozenset(Relation)


@dataclass(frozen=True, slots=True)
class Rule:
    """One action. `by_role` holds, for each role, the relations in which it is allowed; no entry: never."""

    action: str
    meaning: str
    by_role: Mapping[str, Allowed]


def _rule(action: str, meaning: str, everybody: Iterable[Relation] = (), **roles: Iterable[Relation]) -> Rule:
    """`everybody` holds for every role; `roles` add to it."""
    base = frozenset(everybody)
    cells = {role: base | frozenset(roles.get(role, ())) for role in _EVERYBODY}
    return Rule(action, meaning, {role: relations for role, relations in cells.items() if relations})


RULES: Final = (
    # rooms: the room entity knows the relation; nobody's role opens a conversation they are not in
    _rule("room.create", "begin a room", _ALL),
    _rule("room.list", "list one's own rooms", {_S}),
    _rule("room.join", "enter a room", {_O, _M, _P}),
    _rule("room.read", "read messages", {_O, _M}, moderator={_G}, admin={_G}),
    _rule("room.post", "say something", {_O, _M}),
    _rule("room.react", "react to a message", {_O, _M}),
    _rule("room.mark_read", "move one's own watermark", {_O, _M}),
    _rule("room.type", "show that one is typing", {_O, _M}),
    _rule("room.edit_message", "edit a message", {_S}),
    _rule("room.delete_message", "delete a message", {_S, _O}),
    _rule("room.manage", "members, title, open or not", {_O}),
    _rule("room.leave", "leave a room", {_O, _M}),
    _rule("inbox.read", "one's own inbox", {_S}),
    _rule("socket.authenticate", "say who one is", _ALL),
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
    _rule("booking.transfer", "hand a booking to another therapist", therapist={_O}, admin=_ALL),
    _rule("series.create", "book a series", {_S}, therapist={_O}, admin=_ALL),
    _rule("series.read", "see a series", {_S}, therapist={_O}, admin=_ALL),
    _rule("series.manage", "change or end a series", {_S}, therapist={_O}, admin=_ALL),
    _rule("waitlist.join", "wait for a full calendar", {_S}, therapist={_O}, admin=_ALL),
    _rule("waitlist.read", "see waiting entries", {_S}, therapist={_O}, admin=_ALL),
    _rule("waitlist.figures", "how long people wait, without names", therapist=_ALL, admin=_ALL),
    _rule("waitlist.leave", "give a place up, or take an offer", {_S}, therapist={_O}, admin=_ALL),
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
    _rule("care.end", "end a care relationship", {_M}, admin=_ALL),
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
    _rule("activity.read", "calls to partners that are owed, and how partners are doing", admin=_ALL),
    _rule("activity.change", "retry such a call, or drop it", admin=_ALL),
    _rule("operations.clock", "move the time that entities go by, where that is allowed", admin=_ALL),
)


PERSONAL: Final = frozenset(
    {
        "room.list",
        "room.join",
        "room.read",
        "calendar.availability",
        "calendar.manage",
        "calendar.feed",
    }
    | {rule.action for rule in RULES if rule.action.partition(".")[0] in ("booking", "series", "waitlist")}
    | {"account.read", "care.read", "audit.read"}
)
"""Actions whose answers may tell of people. Where staff gets one that does, the audit record says so."""


ALWAYS_RECORDED: Final = frozenset({"room.join", "room.read"})
"""Of these, what staff reads is recorded also when the answer tells of nobody else."""


class Policy:
    """The table, looked up."""

    def __init__(self, rules: Iterable[Rule] = RULES) -> None:
        """Raises ValueError when an action comes twice."""
        listed = list(rules)
        self._rules: Final = {rule.action: rule for rule in listed}
        if len(self._rules) != len(listed):
            raise ValueError("one rule for each action")

    def __iter__(self) -> Iterator[Rule]:
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


POLICY: Final = Policy()
"""The policy in force: what every event and every route is held against."""


def render(policy: Policy) -> str:
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
