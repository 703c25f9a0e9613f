"""What a room is bound to, and in which state: part of its profile. Plain rooms have none."""

from typing import Final, Literal

import msgspec

from actors.rooms.conversation.policy import PLAIN, Policy
from common.persons import UserId

State = Literal["open", "requested", "declined", "paused", "closed"]
REFUSED_FOR_MS: Final = 30 * 86_400_000
"""How long whoever was refused may not ask again."""


class Consent(msgspec.Struct, frozen=True, array_like=True):
    """Who agreed to which version of the policy, and when (ms)."""

    user: str
    version: int
    at: int


class Binding(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """Stored for ever: add members with defaults at the end. Instants are ms; 0: none.

    `relation`: "" where a room is anonymous or encrypted, and no conversation. `at`: since when it is in its state;
    `until`: when a pause ends by itself. `maker`, `asked`: who began it, and whom they asked. `therapist`: whose care
    it belongs to. `policy` None: the plain one. `refused_by`, `refused_at`: the last refusal. `about`: it speaks of a
    client. `veil`: the key of the aliases of an anonymous room. `opening`: the event that holds what was said when it
    was asked for (0: the first).
    """

    relation: str = ""
    state: State = "open"
    at: int = 0
    until: int = 0
    maker: str = ""
    asked: str = ""
    therapist: str = ""
    care: str = ""
    policy: Policy | None = None
    policy_version: int = 0
    consents: tuple[Consent, ...] = ()
    refused_by: str = ""
    refused_at: int = 0
    about: bool = False
    veil: str = ""
    e2ee: bool = False
    opening: int = 0

    @property
    def parties(self) -> frozenset[str]:
        """The two."""
        return frozenset((self.maker, self.asked))

    @property
    def in_force(self) -> Policy:
        """The policy."""
        return self.policy or PLAIN

    def may_manage(self, user: str) -> bool:
        """Is the user the one who pauses and closes it: its therapist, or either of two who are alike?"""
        return user == self.therapist if self.therapist else user in self.parties


class Bond(msgspec.Struct, frozen=True, array_like=True):
    """What a room knows of its care relationship. `version`: of the relationship; what is older does not count."""

    care: str
    since: int
    version: int
    state: str

    def outdates(self, other: "Bond | None") -> bool:
        """Is this the later word?"""
        if other is None:
            return True
        if self.care == other.care:
            return self.version > other.version
        return self.since >= other.since


class Opening(msgspec.Struct, frozen=True, array_like=True):
    """What its maker said, sealed under their key: the client of whom it speaks, their alias, a note."""

    client: str = ""
    alias: str = ""
    note: str = ""


NO_OPENING: Final = Opening()
_unpack: Final = msgspec.msgpack.Decoder(Opening).decode


def opening_in(secret: bytes | None) -> Opening:
    """What the secret of the first event holds; nothing where the maker's key is gone."""
    return NO_OPENING if secret is None else _unpack(secret)


class WireAbout(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Of whom a conversation speaks. `client_id`: for who began it alone."""

    alias: str
    client_id: UserId | None = None
