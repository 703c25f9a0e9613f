"""The links in mails: what can be done from one without signing in, and the one that ends mails of its kind (RFC 8058).
Each is made of the mail alone, so every attempt and every provider carries the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from actors.notifications.activities import Mail, MailAction
from common.auth.links import Action, Link, LinkTokens
from serve_app.capabilities.email.link_titles import title_of
from serve_app.capabilities.email.words import WORDS

_DAY_S: Final = 86_400
_UNSUBSCRIBE_S: Final = 365 * _DAY_S
_OUTCOME_S: Final = 30 * _DAY_S
_NEWS_S: Final = 30 * _DAY_S
_ACTIONS: Final[Mapping[str, tuple[str, tuple[Action, ...]]]] = {
    "booking_requested": ("booking", ("confirm_booking", "cancel_booking")),
    "booking_confirmed": ("booking", ("cancel_booking",)),
    "booking_changed": ("booking", ("cancel_booking",)),
    "appointment_reminder": ("booking", ("cancel_booking",)),
    "waitlist_offer": ("offer", ("accept_offer", "decline_offer")),
    "session_outcome": ("booking", ("complete_booking", "mark_no_show")),
}
"""By template: what it must be about, and what can be done."""
_OF_NOTIFICATIONS: Final[Mapping[str, Action]] = {
    "announcement": "mark_read",
    "appointment_reminder": "snooze",
    "maintenance": "mark_read",
    "worksheet_due": "snooze",
}
"""By template: what can be done with the notification itself."""
_ENDS: Final = ("expires_at_ms", "starts_at_ms")
"""Values of a mail after which nothing can be done from it any more: the first that it has."""


@dataclass(frozen=True, slots=True)
class Linking:
    """Makes the tokens."""

    tokens: LinkTokens

    def linked(self, mail: Mail, made_at_ms: int) -> Mail:
        """The mail with its links; those that it has stay."""
        made_s = made_at_ms // 1000
        actions = (*mail.actions, *self._actions(mail, made_s), *self._of_notification(mail, made_s))
        unsubscribe = mail.unsubscribe or self._unsubscribe(mail, made_s)
        return msgspec.structs.replace(mail, actions=actions, unsubscribe=unsubscribe)

    def _actions(self, mail: Mail, made_s: int) -> list[MailAction]:
        about, subject = _ACTIONS.get(mail.template), mail.subject
        if about is None or subject is None or subject.kind != about[0] or not mail.user:
            return []
        until_s = _until_s(mail, made_s)
        links = [
            Link(action=action, user=mail.user, subject=subject.id, version=subject.version, expires_s=until_s)
            for action in about[1]
        ]
        return [self._button(one, mail.locale) for one in links]

    def _of_notification(self, mail: Mail, made_s: int) -> list[MailAction]:
        action, one = _OF_NOTIFICATIONS.get(mail.template), mail.notification
        if action is None or one is None or not mail.user:
            return []
        until_s = _until_s(mail, made_s + _NEWS_S)
        link = Link(action=action, user=mail.user, subject=one.id, version=one.version, expires_s=until_s)
        return [self._button(link, mail.locale)]

    def _button(self, link: Link, locale: str) -> MailAction:
        return MailAction(title_of(link.action, locale), f"/l/{self.tokens.make(link)}")

    def _unsubscribe(self, mail: Mail, made_s: int) -> str:
        """ "" where nobody can do without it, or it goes to nobody in particular."""
        words = WORDS.get(mail.template)
        if words is None or not words.optional or not mail.user:
            return ""
        return self.tokens.make(
            Link(
                action="unsubscribe",
                user=mail.user,
                subject=mail.template,
                version=0,
                expires_s=made_s + _UNSUBSCRIBE_S,
            )
        )


def _until_s(mail: Mail, made_s: int) -> int:
    if mail.template == "session_outcome":
        return made_s + _OUTCOME_S
    ends = (mail.values[name] for name in _ENDS if name in mail.values)
    return int(next(ends, made_s * 1000)) // 1000
