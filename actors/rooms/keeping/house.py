"""For how long the house keeps what is said in a room that begins: looked up with the command that begins it, so that
members read it in the first answer. Pure, but for the looking."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from actors.kernel.contract.entity import Library
from store.ports.holds import TERMS, days_in, names_for

_PREFIX: Final = "terms/"


def key_of(relation: str = "") -> str:
    """The part that says it, for one command. `relation`: of the conversation that begins; "": it is none."""
    return f"{_PREFIX}{relation}"


def is_key(key: str) -> bool:
    """Is it such a part?"""
    return key.startswith(_PREFIX)


def days_kept(parts: Mapping[str, Any], relation: str = "") -> int | None:
    """For how many days; None: for ever."""
    found = parts.get(key_of(relation))
    return found if isinstance(found, int) else None


async def read(keys: Sequence[str], library: Library) -> dict[str, int | None]:
    """See `Kind.fetch`."""
    relations = {key: key.removeprefix(_PREFIX) for key in keys if is_key(key)}
    if not relations:
        return {}
    names = {name for relation in relations.values() for name in names_for(relation)}
    found = await library.view(TERMS, sorted(names))
    return {key: days_in(found, relation) for key, relation in relations.items()}
