"""Privacy choices of people, as a room learns it when they come into it: read with the command that makes
them members. A change is told to each room by who made it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from actors.kernel.contract.entity import Context, Library
from actors.rooms.room.commands import AddMembers, Create, Join
from actors.rooms.room.state import RECEIPTS, TYPING, RoomState

CHAT_PRIVACIES: Final = "chat_privacies"
"""The read model of what people chose: `receipts` and `typing`, by user."""
_PREFIX: Final = "quiet/"


def needs(room: RoomState, command: Create | Join | AddMembers) -> Sequence[str]:
    """Keys of what those chose who would become members. With the number of the room's last event, they are read anew
    each time."""
    users: Iterable[str] = ()
    match command:
        case Create():
            users = (*command.members, command.user) if room.profile is None else ()
        case Join():
            users = (command.user,) if room.profile is not None and room.profile.open else ()
        case AddMembers():
            users = command.users
    return [_key(room, user) for user in users if user and user not in room.members]


def _key(room: RoomState, user: str) -> str:
    return f"{_PREFIX}{room.last_seq}/{user}"


def quiet_of(user: str, context: Context) -> int:
    """The privacy choices of this new member."""
    return next((bits for key, bits in context.parts.items() if key.endswith(f"/{user}") and bits), 0)


def quiet_among(users: Iterable[str], context: Context) -> dict[str, int]:
    """Those of these new members who keep something to themselves."""
    return {user: bits for user in users if (bits := quiet_of(user, context))}


def bits_of(*, receipts: bool, typing: bool) -> int:
    """The bits of a privacy choice."""
    return (0 if receipts else RECEIPTS) | (0 if typing else TYPING)


async def fetched(keys: Sequence[str], library: Library) -> dict[str, object]:
    """The privacy choices behind those of the keys that name them."""
    users: Mapping[str, str] = {key: key.rpartition("/")[2] for key in keys if key.startswith(_PREFIX)}
    if not users:
        return {}
    found = await library.view(CHAT_PRIVACIES, sorted(set(users.values())))
    return {
        key: bits_of(receipts=bool(view.fields["receipts"]), typing=bool(view.fields["typing"])) if view else 0
        for key, view in ((key, found.get(user)) for key, user in users.items())
    }
