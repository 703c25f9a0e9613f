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
_ACTIONS: Final[Mapping[str, tuple[str, tuple[Action, ...]]]] = {
    "booking_requested": ("booking", ("confirm_booking", "cancel_booking")),
    "booking_confirmed": ("booking", ("cancel_booking",)),
    "booking_changed": ("booking", ("cancel_booking",)),
    "appointment_reminder": ("booking", ("cancel_booking",)),
    "waitlist_offer": ("offer", ("accept_offer", "decline_offer")),
    "session_outcome": ("booking", ("complete_booking", "mark_no_show")),
}
"""By template: what it must be about, and what can be done."""
_ENDS: Final = ("expires_at_ms", "starts_at_ms")
"""Values of a mail after which nothing can be done from it any more: the first that it has."""


@dataclass(frozen=True, slots=True)
class Linking:
    """Makes the tokens."""

    tokens: LinkTokens

    def linked(self, mail: Mail, made_at_ms: int) -> Mail:
        """The mail with its links; those that it has stay."""
        actions = (*mail.actions, *self._actions(mail, made_at_ms // 1000))
        unsubscribe = mail.unsubscribe or self._unsubscribe(mail, made_at_ms // 1000)
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
        return [MailAction(title_of(one.action, mail.locale), f"/l/{self.tokens.make(one)}") for one in links]

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
