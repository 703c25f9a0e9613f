"""What a shield answers."""

import msgspec

from common.persons import UserId


class BlockedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom one has blocked, and since when."""

    user_id: UserId
    since: str


class BlockList(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, those of late first."""

    blocked: list[BlockedPerson]


class DangerCase(msgspec.Struct, frozen=True, kw_only=True):
    """The case that words of danger belong to."""

    case: str
