"""Letters to their end: taken, or, where that cannot be, kept where operators see them.

A letter that is refused for good is *dead*: nobody sends it again until an operator says so. One to a kind that nobody
hosts is *parked*, and tried now and then. Both leave their turn, which is settled, and hold up nothing else of their
sender; where a parked letter waits, a later one to the same receiver may overtake it. They lie among the activities
(`store/ports/activities.py`), under the connector `letters`, their sealed part still sealed. A timer that met a bug too
often is kept beside them: retried, it goes to its entity as a letter would, under the timer's own command id.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from actors.kernel.contract.answers import INTERNAL
from actors.kernel.contract.commands import command_id_of
from actors.kernel.contract.partitions import partition_of
from actors.kernel.history.codec import StoredLetter, encode, opened
from common.clock import Clock
from common.errors import CarewireError, Unavailable
from common.logs import get_logger
from store.ports.activities import ActivityRecord, ActivityStore, State
from store.ports.timers import Timer
from store.ports.vault import Vault

_log = get_logger(__name__)
_decode: Final = msgspec.msgpack.Decoder(StoredLetter).decode

LETTERS: Final = "letters"
UNHOSTED: Final = "unhosted"
_PAUSE_MS: Final = 60_000  # until a letter to a kind that nobody hosts is tried again
_AWAY_MS: Final = 5_000  # until one is tried again whose receiver did not answer
_LOOK_S: Final = 10.0  # how often a shard looks for parked letters that are due
_PAGE: Final = 200

Courier = Callable[[StoredLetter], Awaitable[None]]
"""Submits a letter to its entity; raises `Unavailable` when that must be tried again, `Unhosted` when it cannot be."""


class Unhosted(Exception):
    """No pool hosts the kind of the receiver."""


@dataclass(slots=True)
class _Look:
    """One look at the letters that are due: the receivers that were `away`, and how many were put off for it."""

    away: set[str] = field(default_factory=set)
    put_off: int = 0


class Postman:
    """Carries the letters of one shard's entities."""

    def __init__(
        self,
        activities: ActivityStore,
        vault: Vault,
        courier: Courier,
        clock: Clock,
        *,
        kinds: Collection[str] | None = None,
        counted: Callable[[State, int], None] = lambda state, change: None,
    ) -> None:
        """`kinds`: of whose parked letters it carries; None: of all. `counted` hears by how many the letters in a state
        have become more."""
        self._activities = activities
        self._kinds = kinds
        self._counted = counted
        self._vault = vault
        self._courier = courier
        self._clock = clock

    async def deliver(self, sender: str, letter: StoredLetter) -> None:
        """Returns when the letter is owed by its turn no more.

        Raises:
            Unavailable: nobody answered, or the database did not: it must be tried again.
        """
        if (fate := await self._send(sender, letter)) is not None:
            record = arrival_record_of(sender, letter, due_ms=self._clock.platform_ms())
            await self._activities.put([self._kept(record, *fate)])
            self._counted(fate[0], 1)

    async def bury(self, timer: Timer) -> None:
        """Keep a timer that nobody fires again, as a dead letter of its entity to itself. Raises `Unavailable`."""
        kind, name = timer.entity.partition(":")[0], command_id_of(timer.entity, timer.id)
        _log.warning("timer.dead", entity=timer.entity)
        letter = StoredLetter(timer.entity, name, timer.command)
        record = arrival_record_of(timer.entity, letter, due_ms=self._clock.platform_ms())
        await self._activities.put([replace(self._kept(record, "dead", INTERNAL.code), message=f"A timer of {kind}.")])
        self._counted("dead", 1)

    async def run(self, partitions: Callable[[], Sequence[int]]) -> None:
        """Send the parked letters of these partitions when they are due; until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                look = _Look()
                while await self._send_due(partitions(), look):
                    pass
            except Unavailable:
                continue

    async def _send_due(self, partitions: Sequence[int], look: _Look) -> bool:
        """A page of them, each receiver's in order. True when there may be more."""
        if not partitions:
            return False
        now_ms = self._clock.platform_ms()
        page = await self._activities.due(partitions, LETTERS, before_ms=now_ms + 1, limit=_PAGE, kinds=self._kinds)
        receivers: dict[str, list[ActivityRecord]] = {}
        for record in page:
            receivers.setdefault(_receiver(record), []).append(record)
        over = await asyncio.gather(*(self._send_all(to, records, look) for to, records in receivers.items()))
        return len(page) == _PAGE and all(over)

    async def _send_all(self, to: str, records: Sequence[ActivityRecord], look: _Look) -> bool:
        """One receiver's. Those that it does not take now stand in nobody's way. False when the database is away."""
        for done, record in enumerate(records):
            try:
                if to in look.away:
                    raise Unavailable("It did not answer before.")
                fate = await self._carry(record)
                if fate is None:
                    await self._activities.drop([record.id])
                else:
                    await self._activities.put([self._kept(record, *fate)])
                    self._counted(fate[0], 1)
                self._counted("parked", -1)
            except Unavailable:
                look.away.add(to)
                return await self._put_off(records[done:], look)
        return True

    async def _put_off(self, records: Sequence[ActivityRecord], look: _Look) -> bool:
        """They are due later, in their order. False when the database is away."""
        due_ms = self._clock.platform_ms() + _AWAY_MS + look.put_off
        look.put_off += len(records)
        try:
            await self._activities.put([replace(one, due_ms=due_ms + place) for place, one in enumerate(records)])
        except Unavailable:
            return False
        return True

    async def _carry(self, record: ActivityRecord) -> tuple[State, str] | None:
        """See `_send`. A bug in one letter must not hold up the others for ever."""
        try:
            return await self._send(record.entity, _decode(record.packed))
        except Unavailable:
            raise
        except Exception:  # whatever it is, operators see it  # noqa: BLE001
            _log.exception("letter.failed", sender=record.entity)
            return "dead", INTERNAL.code

    async def _send(self, sender: str, stored: StoredLetter) -> tuple[State, str] | None:
        """None when the letter is over; else how it is to be kept, and why."""
        try:
            if (letter := await opened(stored, self._vault)) is not None:  # else whose it was is erased
                await self._courier(letter)
        except Unhosted:
            _log.warning("letter.parked", sender=sender, to=stored.to)
            return "parked", UNHOSTED
        except CarewireError as error:
            if error.retryable:
                raise Unavailable(error.message) from error
            _log.warning("letter.refused", sender=sender, to=stored.to, code=error.code)
            return "dead", error.code
        except (ValueError, msgspec.MsgspecError):  # a secret that opens nowhere, or a command that has no place for it
            _log.exception("letter.unreadable", sender=sender, to=stored.to)
            return "dead", INTERNAL.code
        return None

    def _kept(self, record: ActivityRecord, state: State, code: str) -> ActivityRecord:
        due_ms = self._clock.platform_ms() + _PAUSE_MS
        return replace(record, state=state, code=code, due_ms=due_ms, attempts=record.attempts + 1)


def _receiver(record: ActivityRecord) -> str:
    """To whom the letter goes; "" when it cannot be read."""
    try:
        return _decode(record.packed).to
    except msgspec.MsgspecError:
        return ""


def arrival_record_of(sender: str, letter: StoredLetter, *, due_ms: int) -> ActivityRecord:
    """A letter as it is parked."""
    kinds = [entity.partition(":")[0] for entity in (sender, letter.to)]
    return ActivityRecord(
        id=letter.command_id,
        partition=partition_of(sender),
        connector=LETTERS,
        entity=sender,
        state="parked",
        due_ms=due_ms,
        packed=encode(letter),
        created_at_ms=due_ms,
        message="A letter from {} to {}.".format(*kinds),
    )
