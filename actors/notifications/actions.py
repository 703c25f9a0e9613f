"""What can be done about a notification without signing in: by the buttons of its mail, in a client, on a lock screen.
Each is a link that does one thing once (`common.auth.links`). Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from actors.notifications.action_titles import title_of
from actors.notifications.activities import MailSubject
from actors.notifications.notifier.subjects import ActionWords
from common.auth.links import Action, Link, LinkTokens

_DAY_S: Final = 86_400
_NEWS_S: Final = 30 * _DAY_S
_ABOUT: Final[Mapping[str, tuple[str, tuple[Action, ...]]]] = {
    "booking_requested": ("booking", ("confirm_booking", "cancel_booking")),
    "booking_confirmed": ("booking", ("cancel_booking",)),
    "booking_changed": ("booking", ("cancel_booking",)),
    "appointment_reminder": ("booking", ("cancel_booking",)),
    "waitlist_offer": ("offer", ("accept_offer", "decline_offer")),
    "session_outcome": ("outcome", ("complete_booking", "mark_no_show")),
}
"""By type: the kind of its subject, and what can be done with that."""
_WITH_ITSELF: Final[Mapping[str, Action]] = {
    "announcement": "mark_read",
    "appointment_reminder": "snooze",
    "maintenance": "mark_read",
    "worksheet_due": "snooze",
}
"""By type: what can be done with the notification itself."""
_OUTCOME: Final = "outcome"
"""How a session went is asked about its booking, whatever became of that since: reminders count its versions too."""
_ENDS: Final = ("expires_at_ms", "starts_at_ms")
"""Values after whose moment nothing can be done any more: the first that there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actionable:
    """A notification, or its mail, as far as it says what can be done. `subject`: what it is about, if that is one
    thing; `itself`: the notification, at the number of times that it was put off."""

    type: str
    user: str
    subject: MailSubject | None
    itself: MailSubject | None
    values: Mapping[str, str | int]
    made_s: int


def links_of(one: Actionable) -> Iterator[Link]:
    """What its person can do about it; nothing, where it goes to nobody in particular."""
    if not one.user:
        return
    kind, actions = _ABOUT.get(one.type, ("", ()))
    if one.subject is not None and one.subject.kind == kind:
        until_s = one.made_s + _NEWS_S if kind == _OUTCOME else _until_s(one, one.made_s)
        version = 0 if kind == _OUTCOME else one.subject.version
        for action in actions:
            yield Link(action=action, user=one.user, subject=one.subject.id, version=version, expires_s=until_s)
    if one.type in _WITH_ITSELF and one.itself is not None:
        until_s, itself = _until_s(one, one.made_s + _NEWS_S), one.itself
        yield Link(
            action=_WITH_ITSELF[one.type],
            user=one.user,
            subject=itself.id,
            version=itself.version,
            expires_s=until_s,
        )


def _until_s(one: Actionable, otherwise_s: int) -> int:
    ends = (int(one.values[name]) // 1000 for name in _ENDS if name in one.values)
    return next(ends, otherwise_s)


@dataclass(frozen=True, slots=True)
class NotificationLinks:
    """Where what a notification says is found. `public_url` "": below the address of the API that one asks. `tokens`
    None: this process cannot sign, so nothing can be done by a link that it makes."""

    public_url: str = ""
    tokens: LinkTokens | None = None

    def of(self, path: str) -> str:
        """The address of a page of ours; what is no path stays as it is."""
        return f"{self.public_url}{path}" if path.startswith("/") else path

    def actions(self, one: Actionable, locale: str) -> tuple[ActionWords, ...]:
        """The buttons, in words."""
        tokens = self.tokens
        if tokens is None:
            return ()
        return tuple(
            ActionWords(link.action, title_of(link.action, locale), self.of(f"/l/{tokens.make(link)}"))
            for link in links_of(one)
        )
