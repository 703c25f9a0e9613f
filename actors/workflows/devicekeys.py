"""What follows from keys of devices: what is on its way to one is told to its person's sockets, until it is there."""

from typing import Final

import msgspec

from actors.devicekeys.entity import shown
from actors.devicekeys.events import DeviceReminded, MessageSent
from actors.inboxes.commands import Whisper
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.workflows.inbox import INBOX

_pack: Final = msgspec.msgpack.Encoder().encode
_to_json: Final = msgspec.json.Encoder().encode
_listed: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


def tell_device(entity_id: str, recorded: Recorded[MessageSent]) -> Owed:
    """Its person's sockets: `to_device`."""
    event = recorded.event
    return NOTHING if event.secret is None else Owed([_whisper(event.author, _to_json(shown(event)))])


def remind_device(entity_id: str, recorded: Recorded[DeviceReminded]) -> Owed:
    """The same once more, for what nobody has acknowledged."""
    event = recorded.event
    if event.secret is None:
        return NOTHING
    return Owed([_whisper(event.author, bytes(one)) for one in _listed(event.secret)])


def _whisper(user: str, payload: bytes) -> Letter:
    return Letter(f"{INBOX}:{user}", _pack(Whisper("to_device", b"")), secret=payload, owner=user)


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("tell_device", "devicekeys", MessageSent, tell_device, to=(INBOX,)),
    Reaction("remind_device", "devicekeys", DeviceReminded, remind_device, to=(INBOX,)),
]
