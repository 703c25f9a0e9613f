"""What can be asked of somebody's shield, as it travels from region to shard."""

from actors.kernel.contract.entity import Command
from actors.moderation.records import Scope, Severity
from actors.moderation.shield.replies import BlockList, DangerCase
from actors.moderation.showing import ShownRestriction


class Block(Command[BlockList], frozen=True, tag="block"):
    """I want nothing to do with `user`. Idempotent."""

    user: str


class Unblock(Command[BlockList], frozen=True, tag="unblock"):
    """I do again. Idempotent."""

    user: str


class ListBlocks(Command[BlockList], frozen=True, tag="list"):
    """Whom I have blocked, those of late first."""


class Restrict(Command[ShownRestriction], frozen=True, kw_only=True, tag="restrict"):
    """They may not do this, until `until` (ms; 0: until it is lifted). The secret is what they are told. Only Carewire
    itself asks, for `by`."""

    restriction: str
    scope: tuple[Scope, ...]
    case: str
    by: str
    until: int = 0
    secret: bytes | None = None


class Lift(Command[ShownRestriction], frozen=True, kw_only=True, tag="lift"):
    """They may again. Only Carewire itself asks, for `by`."""

    restriction: str
    by: str


class JoinDanger(Command[DangerCase], frozen=True, kw_only=True, tag="danger"):
    """Which case do words of danger belong to: that of the last day, or else `case`?"""

    case: str
    severity: Severity


class ScreenRefusal(Command[None], frozen=True, kw_only=True, tag="look_at"):
    """What they wrote was refused. It is looked at once for danger, and kept nowhere: the secret."""

    room: str
    secret: bytes | None = None


class LookedAt(Command[None], frozen=True, tag="looked_at"):
    """What event `number` held was looked at."""

    number: int


class ForgetShield(Command[None], frozen=True, tag="forget"):
    """The person is being erased. Idempotent."""


ShieldCommand = Block | Unblock | ListBlocks | Restrict | Lift | JoinDanger | ScreenRefusal | LookedAt | ForgetShield
