"""Letters to whoever is concerned, and what is read of a body."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import Letter
from common.ids import is_id

Object = Mapping[str, Any]
_pack: Final = msgspec.msgpack.Encoder().encode


def told(entity: str, provider: str, ref: str, arrival: str, created: int) -> Letter:
    """To a bill, or to the intent that knows whose the object is: something happened to the payment `ref`. It is read,
    and the arrival hears that it was handed over. `created`: the provider's time, in seconds."""
    said = {"type": "seen", "provider": provider, "ref": ref, "arrival": arrival, "created": created}
    return Letter(entity, _pack(said))


def to_owner(provider: str, known_as: str, ref: str, arrival: str, created: int) -> Letter | None:
    """To whoever has said that the object of this name is theirs."""
    if not (is_id(known_as) and is_id(ref)):
        return None
    return told(entity=f"intent:{provider}:{known_as}", provider=provider, ref=ref, arrival=arrival, created=created)


def inner(value: Any) -> Object:
    """An object where there is one, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def text(value: Any) -> str:
    """A text where there is one, else an empty one."""
    return value if isinstance(value, str) else ""


def seconds(value: Any) -> int:
    """A point in time where there is one, else 0."""
    return value if isinstance(value, int) and 0 <= value < 1 << 40 else 0
