"""Encrypted rooms: whoever is in one has accepted what it costs, and nothing is said there in clear. A room is
encrypted from its beginning, or never. Pure."""

from collections.abc import Sequence
from typing import Final

from actors.rooms.room.commands import Edit, Post
from actors.rooms.room.events import Agreed
from actors.rooms.room.state import RoomState
from common.errors import CarewireError, FailedPrecondition, InvalidArgument

ACCEPTED: Final = ("no_search", "no_screening", "no_preview", "no_recovery")
"""What cannot be had where the server reads nothing."""
KIND: Final = "encrypted"


def check_accepted(accept: Sequence[str]) -> None:
    """Raises FailedPrecondition: not all of it was accepted."""
    if not set(ACCEPTED) <= set(accept):
        raise FailedPrecondition(
            "Nobody can search, screen, preview or recover what is said here. Accept all four.",
            details={"reason": "accept", "accept": list(ACCEPTED)},
        )


def agreeing(room: RoomState, accept: Sequence[str], user: str, at: int) -> tuple[Agreed, ...]:
    """The note of a member who accepts it by joining. Raises FailedPrecondition: they do not, and have not."""
    if not room.e2ee or user in room.agreed:
        return ()
    check_accepted(accept)
    return (Agreed(author=user, at=at),)


def check_post(room: RoomState, command: Post) -> None:
    """Raises InvalidArgument: in clear in an encrypted room, or encrypted in another."""
    sealed = command.rich is not None and bool(command.rich.encrypted)
    if sealed is not room.e2ee or (command.kind == KIND) is not room.e2ee:
        raise _refusal()
    if room.e2ee and (command.body or command.attachments or command.more is not None or _is_rich(command)):
        raise _refusal()


def check_sender(room: RoomState, user: str) -> None:
    """Raises FailedPrecondition: they have accepted nothing yet."""
    if room.e2ee and user not in room.agreed:
        check_accepted(())


def check_edit(room: RoomState, _: Edit) -> None:
    """Raises InvalidArgument: an edit is in clear. What is encrypted is said anew."""
    if room.e2ee:
        raise _refusal()


def _is_rich(command: Post) -> bool:
    rich = command.rich
    return rich is not None and bool(rich.html or rich.links or rich.blocks)


def _refusal() -> CarewireError:
    return InvalidArgument(
        "An encrypted room takes encrypted messages only, and no other room does.", details={"reason": "e2ee"}
    )
