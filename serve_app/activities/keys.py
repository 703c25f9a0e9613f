"""The name of an activity as its partner knows it: the same on every attempt, and a hash, so it names nobody."""

import base64
from dataclasses import dataclass
from typing import Final

from typing_extensions import override

_PREFIX: Final = "atv_"
_CHARS: Final = 26  # of base32 for 128 bits, without padding


@dataclass(frozen=True, slots=True)
class PartnerKey:
    """`id` is 16 bytes. `again` is 1, or more where the partner repeats a failure that it stored under the key."""

    id: bytes
    again: int = 1

    @override
    def __str__(self) -> str:
        """`atv_` and 26 characters of base32 in lower case; `-2` behind it where the key had to be changed."""
        text = _PREFIX + base64.b32encode(self.id).decode().rstrip("=").lower()
        return text if self.again == 1 else f"{text}-{self.again}"


def parse_key(text: str) -> bytes | None:
    """The 16 bytes of `atv_...` as operators type it. None: it is none."""
    encoded = text.removeprefix(_PREFIX)
    if encoded == text or len(encoded) != _CHARS:
        return None
    try:
        id_ = base64.b32decode(encoded.upper() + "=" * (-_CHARS % 8))
    except ValueError:
        return None
    return id_ if str(PartnerKey(id_)) == text else None
