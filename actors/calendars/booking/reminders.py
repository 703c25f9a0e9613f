"""What is to be sent before a booking, and when. Derived from its time: when that changes, the old ones are stale."""

from typing import Final

import msgspec

from actors.calendars.booking.state import Record
from actors.calendars.hours.timeline import HOUR_MS
from actors.kernel.contract.entity import Command, SetTimer
from common.persons import NothingToTell

LEADS_MS: Final = (24 * HOUR_MS, HOUR_MS)


class Remind(Command[NothingToTell], frozen=True, tag="remind"):
    """A timer: remind of the booking, if its time is still that of `epoch`."""

    epoch: int
    lead_ms: int


def timers(record: Record, now_ms: int) -> list[SetTimer]:
    """Those of a confirmed booking that are still ahead."""
    return [
        SetTimer(
            f"remind:{record.epoch}:{lead}", record.start - lead, msgspec.msgpack.encode(Remind(record.epoch, lead))
        )
        for lead in LEADS_MS
        if record.start - lead > now_ms
    ]


def makes_sense(record: Record, command: Remind, now_ms: int) -> bool:
    """Is it still to be sent? Not for another time, not after the start, and not when a later one is due as well."""
    if record.status != "confirmed" or record.epoch != command.epoch or now_ms >= record.start:
        return False
    return not any(lead < command.lead_ms and record.start - lead <= now_ms for lead in LEADS_MS)
