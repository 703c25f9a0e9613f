"""The links in mails: what can be done from one without signing in, and the one that ends mails of its kind (RFC 8058).
Each is made of the mail alone, so every attempt and every provider carries the same."""

from dataclasses import dataclass
from typing import Final

import msgspec

from actors.notifications.action_titles import title_of
from actors.notifications.actions import Actionable, links_of
from actors.notifications.activities import Mail, MailAction
from common.auth.links import Link, LinkTokens
from serve_app.capabilities.email.words import WORDS

_UNSUBSCRIBE_S: Final = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Linking:
    """Makes the tokens."""

    tokens: LinkTokens

    def linked(self, mail: Mail, made_at_ms: int) -> Mail:
        """The mail with its links; those that it has stay."""
        made_s = made_at_ms // 1000
        about = Actionable(
            type=mail.template,
            user=mail.user,
            subject=mail.subject,
            itself=mail.notification,
            values=mail.values,
            made_s=made_s,
        )
        actions = (*mail.actions, *(self._button(one, mail.locale) for one in links_of(about)))
        unsubscribe = mail.unsubscribe or self._unsubscribe(mail, made_s)
        return msgspec.structs.replace(mail, actions=actions, unsubscribe=unsubscribe)

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
