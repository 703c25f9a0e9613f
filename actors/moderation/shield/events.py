"""What can have happened to a shield. Stored for ever: add members with defaults at the end, never reorder them."""

from actors.kernel.contract.entity import Event
from actors.moderation.records import Scope, Severity


class Blocked(Event, frozen=True, kw_only=True, array_like=True, tag="blocked"):
    """`author` has blocked `user`."""

    user: str


class Unblocked(Event, frozen=True, kw_only=True, array_like=True, tag="unblocked"):
    """`author` has blocked them no more."""

    user: str


class Restricted(Event, frozen=True, kw_only=True, array_like=True, tag="restricted"):
    """`author` may not do this any more; `by` decided so. The secret is what they are told."""

    restriction: str
    scope: tuple[Scope, ...]
    case: str
    by: str
    until: int


class Lifted(Event, frozen=True, kw_only=True, array_like=True, tag="lifted"):
    """They may again."""

    restriction: str
    by: str


class InDanger(Event, frozen=True, kw_only=True, array_like=True, tag="in_danger"):
    """Their words of danger belong to this case from now on."""

    case: str
    severity: Severity


class WritingRefused(Event, frozen=True, kw_only=True, array_like=True, tag="refused"):
    """What they wrote was refused: the secret, until it was looked at."""

    room: str


class RefusalScreened(Event, frozen=True, kw_only=True, array_like=True, tag="looked"):
    """What event `number` held is gone."""

    number: int


class ShieldDropped(Event, frozen=True, kw_only=True, array_like=True, tag="dropped"):
    """The person is erased, and with them whom they had blocked."""


ShieldEvent = Blocked | Unblocked | Restricted | Lifted | InDanger | WritingRefused | RefusalScreened | ShieldDropped
