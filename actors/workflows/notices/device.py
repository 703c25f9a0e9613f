"""What follows from events of devices: whose a token was, pushes to it no more."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.notifications.device.events import DeviceClaimed
from actors.notifications.notifier.device_commands import DropDevice
from actors.workflows.notify import NOTIFIER

_pack: Final = msgspec.msgpack.Encoder().encode


def drop_former(entity_id: str, recorded: Recorded[DeviceClaimed]) -> Owed:
    """The notifier of whoever had it: it is somebody else's."""
    event = recorded.event
    if not event.former:
        return NOTHING
    mark = entity_id.partition(":")[2]
    return Owed([Letter(f"{NOTIFIER}:{event.former}", _pack(DropDevice(mark)))])


REACTIONS: Final[list[AnyReaction]] = [Reaction("drop_former", "device", DeviceClaimed, drop_former, to=(NOTIFIER,))]
