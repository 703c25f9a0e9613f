"""Letters to those who tell people (`notifier:<id>`)."""

from collections.abc import Iterable
from typing import Final

import msgspec

from actors.kernel.contract.entity import Letter
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject

NOTIFIER: Final = "notifier"
FEATURE: Final = "notifications"
_pack: Final = msgspec.msgpack.Encoder().encode


def told(users: Iterable[str], tell: Tell) -> list[Letter]:
    """The same notification for each of them. It quotes nobody: what does has a `secret` under each person's key
    (`told_with`)."""
    command = _pack(tell)
    return [Letter(f"{NOTIFIER}:{user}", command) for user in dict.fromkeys(users) if user]


def outcome_of(booking: str, version: int) -> Subject:
    """How a session went. The booking itself was told of at this version already, and reminded of at later ones."""
    return Subject("outcome", booking, version)


def told_with(user: str, tell: Tell, secret: bytes) -> Letter:
    """A notification with words of its own (packed `Words`), sealed under the person's key."""
    return Letter(f"{NOTIFIER}:{user}", _pack(tell), secret, user)
