"""What can be done from a mail: about its booking, its offer, or the notification itself."""

from typing import Final

import pytest

from actors.notifications.activities import Mail, MailSubject
from common.auth.links import Link, LinkTokens
from serve_app.capabilities.email.linking import Linking

TOKENS: Final = LinkTokens([b"k" * 32])
MADE_MS: Final = 1_763_631_000_000
DAY_S: Final = 86_400


def links(mail: Mail) -> list[Link]:
    return [TOKENS.read(one.link.removeprefix("/l/")) for one in Linking(TOKENS).linked(mail, MADE_MS).actions]


def test_a_reminder_can_be_put_off_until_it_begins() -> None:
    begins_ms = MADE_MS + 3_600_000
    mail = Mail(
        "appointment_reminder",
        user="ann",
        values={"starts_at_ms": begins_ms},
        subject=MailSubject("booking", "bkg_1", 4),
        notification=MailSubject("notification", "ntf_1", 2),
    )
    cancel, snooze = links(mail)
    assert (cancel.action, cancel.subject, cancel.version) == ("cancel_booking", "bkg_1", 4)
    assert (snooze.action, snooze.subject, snooze.version) == ("snooze", "ntf_1", 2)
    assert snooze.expires_s == begins_ms // 1000


@pytest.mark.parametrize("name", ["announcement", "maintenance"])
def test_news_can_be_marked_as_read(name: str) -> None:
    (read,) = links(Mail(name, user="ann", notification=MailSubject("notification", "ntf_1", 0)))
    assert (read.action, read.user, read.subject) == ("mark_read", "ann", "ntf_1")
    assert read.expires_s == MADE_MS // 1000 + 30 * DAY_S


@pytest.mark.parametrize(
    "mail",
    [
        Mail("announcement", to="somebody@mail.test", notification=MailSubject("notification", "ntf_1", 0)),
        Mail("announcement", user="ann"),
        Mail("security_notice", user="ann", notification=MailSubject("notification", "ntf_1", 0)),
    ],
    ids=["nobody in particular", "of no notification", "nothing to be done"],
)
def test_nothing_else_can(mail: Mail) -> None:
    assert links(mail) == []
