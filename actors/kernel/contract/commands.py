"""Command ids: derived from what caused the command, so that a repeat is recognised."""

from functools import lru_cache
from hashlib import blake2b


def command_id_of(entity_id: str, *name: object) -> bytes:
    """16 bytes that stand for the command of this name in this entity: 6 of the entity, 10 of the name.

    Ids of one entity lie together in the journal's unique index, so a turn touches few of its pages: with 2,000 rooms
    that keeps MongoDB at about 10 us of CPU a command, where scattered ids cost up to 100.
    """
    return entity_mark(entity_id) + blake2b("\0".join(map(str, name)).encode(), digest_size=10).digest()


@lru_cache(maxsize=16_384)
def entity_mark(entity_id: str) -> bytes:
    """6 bytes that stand for an entity."""
    return blake2b(entity_id.encode(), digest_size=6).digest()
