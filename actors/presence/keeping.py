"""Memories of users who are not here: one small document each, read in batches and written behind."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from actors.presence.state import Memory
from store.ports.views import View, Views

PRESENCE: Final = "presence"
_FORGOTTEN: Final = Memory("invisible", 0, 0, 2**62)  # newer than whatever a shard may still write of them
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Memory).decode


async def load(views: Views, users: Sequence[str]) -> Mapping[str, Memory]:
    """The memories of those of these users who have one.

    Raises:
        Unavailable: the database does not answer.
    """
    return {user: _decode(view.data) for user, view in (await views.get(PRESENCE, users)).items()}


async def forget(views: Views, user: str) -> None:
    """Remember nothing of this user, and nothing that is written later (erasure).

    Raises:
        Unavailable: the database does not answer.
    """
    await keep(views, [(user, _FORGOTTEN)])


async def keep(views: Views, memories: Iterable[tuple[str, Memory]]) -> None:
    """Write these, unless newer ones are there.

    Raises:
        Unavailable: the database does not answer.
    """
    await views.write([View(PRESENCE, user, memory.version, data=_encode(memory)) for user, memory in memories])
